//! `/keys/{id}/revoke`: the end of a key, with what still uses it.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::key::{self, usage};
use super::keys::environment;
use super::model::{Key, KeyGateway, Use};
use super::words::number;
use super::{leads_elsewhere, require_developer};
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, moment};
use crate::visit::{Visit, see_other, segment};

pub(crate) async fn show(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    render(&visit, &id, None).await
}

pub(crate) async fn send(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    let key = key::find(&visit, &id).await?;
    if form.text("typed") == "yes" && form.text("name") != key.name {
        let mut problem = Problem::of(422, "validation-failed", "The name is another one.");
        problem.errors = vec![crate::client::FieldProblem {
            field: "/name".to_owned(),
            detail: format!("this is not the key's name: {}", key.name),
        }];
        return render(&visit, &id, Some(problem)).await;
    }
    let path = format!("/api/v1/portal/keys/{}/revoke", segment(&id)?);
    match visit.post(&path, &json!({})).await {
        Ok(_) => Ok(see_other("/keys?notice=revoked")),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &id, Some(problem)).await,
    }
}

async fn render(visit: &Visit, id: &str, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let key = key::find(visit, id).await?;
    let used = usage(visit, &key).await?;
    let gateways: Items<KeyGateway> = visit.get(&format!("/api/v1/portal/keys/{}/gateways", key.id)).await?;
    let address = format!("/keys/{}", key.id);
    // A key that was used within a week, or of which that is not known, is only revoked when its name is typed.
    let is_typed = used.as_ref().is_none_or(|used| used.last_week.requests > 0);
    let about = About {
        title: "Revoke the key",
        ..About::default()
    };
    let content = html! {
        div.head { div { p { a href="/keys" { "Keys" } " / " a href=(address) { (key.name) } } h1 { (about.title) " " (environment(&key)) } } }
        (alert(problem.as_ref(), &["name"]))
        form.panel.risky.stack.padded.narrow method="post" action={ (address) "/revoke" } {
            (consequence(&key, used.as_ref(), &gateways.items))
            @if is_typed {
                input type="hidden" name="typed" value="yes";
                (Field { name: "name", label: &format!("Type {} to go on", key.name), problem: problem.as_ref(), ..Field::default() }.show())
            }
            div.row.end { a.button.quiet href=(address) { "Keep it" } button.button.danger { "Revoke the " (key.environment.to_lowercase()) " key" } }
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}

fn consequence(key: &Key, used: Option<&Use>, gateways: &[KeyGateway]) -> Markup {
    html! {
        div.note.bad { (icon("alert")) div {
            p { strong { (key.name) } " (" code { (key.shown()) } ") is refused at once and for ever. Whatever shows it fails." }
            @match used {
                Some(used) => p { @match used.last_used_at {
                    None => "It was never used.",
                    Some(at) => {
                        "Used " (number(used.last_day.requests)) " times in the last 24 hours by " (number(used.last_day.addresses))
                        @if used.last_day.addresses == 1 { " address" } @else { " addresses" } ", " (number(used.last_week.requests)) " times in the last 7 days; last " (moment(Some(at))) "."
                    },
                } },
                None => p { "It works on " @if gateways.is_empty() { "no gateway" } @else { (gateways.iter().map(|one| one.gateway_name.as_str()).collect::<Vec<_>>().join(", ")) } "." },
            }
        } }
    }
}
