//! `/keys/{id}/rotate`: a new secret for the same key. Also what gateways made for it.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use maud::html;
use serde_json::json;

use super::keys::environment;
use super::model::MadeKey;
use super::reveal::{self, GatewaySecret};
use super::{key, leads_elsewhere, once, require_developer};
use crate::Pages;
use crate::account::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::parts::{alert, hidden};
use crate::return_to;
use crate::visit::{Visit, read, see_other, segment};

/// How long old and new key work side by side, in seconds.
const OVERLAPS: [(&str, &str, &str); 5] = [
    (
        "0",
        "Not at all",
        "The old key is refused at once. For a key that leaked.",
    ),
    ("300", "5 minutes", "Enough where you replace it now."),
    ("3600", "1 hour", "For a deployment."),
    ("86400", "24 hours", "For several teams."),
    ("604800", "7 days", "The longest there is."),
];

pub(crate) async fn show(
    State(pages): State<Pages>,
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    render(&visit, &id, &once(&pages.0.rng), form.text("overlap"), None).await
}

pub(crate) async fn send(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    let (overlap, key) = (form.text("overlap"), form.text("once"));
    let seconds: u32 = overlap.parse().unwrap_or(300);
    // Whoever rotates during an overlap was told on the page that it ends the earlier one.
    let body = json!({ "overlapSeconds": seconds, "endOverlap": form.text("end") == "yes" });
    let path = format!("/api/v1/portal/keys/{}/rotate", segment(&id)?);
    match visit.post_once(&path, key, &body).await {
        Ok(answer) => {
            let made: MadeKey = read(answer)?;
            Ok(reveal::key(&visit, "The new key", made).await?)
        }
        Err(problem) if problem.is("reauthentication-required") => {
            let back = format!("/keys/{id}/rotate?overlap={seconds}");
            Ok(see_other(&return_to::with("/account/reauthenticate", Some(&back))))
        }
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) if problem.is("idempotency-in-flight") => Ok(reveal::in_flight(&visit).await?),
        Err(problem) => render(&visit, &id, key, overlap, Some(problem)).await,
    }
}

async fn render(
    visit: &Visit,
    id: &str,
    once: &str,
    overlap: &str,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let account = account(visit).await?;
    require_developer(&account)?;
    let key = key::find(visit, id).await?;
    let chosen = if OVERLAPS.iter().any(|(seconds, ..)| *seconds == overlap) {
        overlap
    } else {
        "300"
    };
    let address = format!("/keys/{}", key.id);
    let about = About {
        title: "Rotate the key",
        ..About::default()
    };
    let content = html! {
        div.head { div { p { a href="/keys" { "Keys" } " / " a href=(address) { (key.name) } } h1 { (about.title) " " (environment(&key)) } } }
        (alert(problem.as_ref(), &[]))
        form.panel.stack.padded.narrow method="post" action={ (address) "/rotate" } {
            (hidden("once", Some(once)))
            p { "You get a new key in place of " code { (key.shown()) } ", with the same name, plan and limits." }
            fieldset.choices {
                legend { "How long does the old one go on working?" }
                @for (seconds, label, about) in OVERLAPS {
                    label { input type="radio" name="overlap" value=(seconds) checked[seconds == chosen]; strong { (label) } span { (about) } }
                }
            }
            @if key.old_secret_valid_until.is_some() {
                label.check { input type="checkbox" name="end" value="yes" required; span { "An earlier rotation is still under way: the key before this one stops working now." } }
            }
            p.soft.small { "Where gateways have to be told first, the time begins when the last of them has the new key, an hour from now at the latest." }
            div.row.end { a.button.quiet href=(address) { "Cancel" } button.button.primary { "Rotate the key" } }
        }
    };
    Ok(layout::with_status(
        layout::app(visit, about, &account, &content),
        problem.as_ref(),
    ))
}

/// `POST /keys/{id}/gateways/{gateway}/reveal`: what a gateway made, once.
pub(crate) async fn reveal(
    visit: Visit,
    Path((id, gateway)): Path<(String, String)>,
    form: Form,
) -> Result<Response, Failure> {
    let key = key::find(&visit, &id).await?;
    let path = format!("/api/v1/portal/keys/{}/gateways/{}/reveal", key.id, segment(&gateway)?);
    match visit.post(&path, &json!({})).await {
        Ok(answer) => {
            let made: GatewaySecret = read(answer)?;
            Ok(reveal::of_gateway(&visit, &key, form.text("gateway"), made.secret).await?)
        }
        Err(problem) if problem.is("reauthentication-required") => {
            let back = format!("/keys/{}", key.id);
            Ok(see_other(&return_to::with("/account/reauthenticate", Some(&back))))
        }
        Err(problem) => Err(problem.into()),
    }
}
