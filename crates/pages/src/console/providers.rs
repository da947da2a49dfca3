//! `/console/people/providers`: Google, GitHub and others that sign people in.

use axum::extract::RawQuery;
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{leads_elsewhere, notice, operator, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Items;
use crate::parts::{Field, alert, choose, state_badge};
use crate::public::provider::drawing;
use crate::visit::{Visit, see_other, segment};

const PATH: &str = "/console/people/providers";
const KINDS: [(&str, &str); 3] = [("GOOGLE", "Google"), ("GITHUB", "GitHub"), ("OIDC", "OpenID Connect")];
const FIELDS: [&str; 5] = ["kind", "name", "issuer", "clientId", "clientSecret"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    id: String,
    kind: String,
    name: String,
    issuer: String,
    client_id: String,
    redirect_uri: String,
    state: String,
    signs_up: bool,
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    match done(&visit, &form).await {
        Ok(notice) => Ok(see_other(&format!("{PATH}?notice={notice}"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn done(visit: &Visit, form: &Form) -> Result<&'static str, Problem> {
    match form.text("do") {
        "add" => {
            let mut body = json!({
                "kind": form.text("kind"), "name": form.text("name"),
                "clientId": form.text("clientId"), "clientSecret": form.raw("clientSecret").trim(),
                "signsUp": form.text("signsUp") == "yes",
            });
            if let Some(issuer) = form.given("issuer") {
                body["issuer"] = issuer.into();
            }
            visit.post("/api/v1/identity-providers", &body).await.map(|_| "added")
        }
        "remove" => {
            let path = format!("/api/v1/identity-providers/{}", segment(form.text("id"))?);
            visit.call(Method::DELETE, &path, None).await.map(|_| "saved")
        }
        _ => Err(Problem::not_found()),
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let providers: Items<Provider> = visit.get("/api/v1/identity-providers").await?;
    let about = About {
        title: "Sign-in elsewhere",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &FIELDS))
        section.panel {
            header { div { h2 { "Providers" } p { "Accounts elsewhere that sign people in here." } } }
            @if providers.items.is_empty() {
                div.empty { "None yet. Register an application at Google, GitHub or your own OpenID Connect provider, and add it below." }
            } @else {
                ul.list { @for provider in &providers.items { (item(provider)) } }
            }
        }
        (add(form, problem.as_ref()))
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn item(provider: &Provider) -> Markup {
    let name = html! { span.visually-hidden { " " (provider.name) } };
    html! {
        li {
            (icon(drawing(&provider.kind)))
            div.what {
                span {
                    (provider.name)
                    @if provider.state != "ACTIVE" { (state_badge(&provider.state)) }
                    @if !provider.signs_up { span.badge { "Nobody new" } }
                }
                span { (provider.issuer) " · client " code { (provider.client_id) } }
                span { "Redirect address to register there: " code { (provider.redirect_uri) } }
            }
            details.more {
                summary.button.small.quiet { "Remove" (name) }
                form.row method="post" action=(PATH) {
                    input type="hidden" name="id" value=(provider.id);
                    p.soft { "Whoever signs in only with it needs a password or a passkey then." }
                    button.button.danger name="do" value="remove" { "Remove" (name) }
                }
            }
        }
    }
}

fn add(form: &Form, problem: Option<&Problem>) -> Markup {
    let problem = problem.filter(|_| form.text("do") == "add");
    let field = |name, label| Field {
        name,
        label,
        value: if problem.is_some() { form.raw(name) } else { "" },
        problem,
        ..Field::default()
    };
    html! {
        section.panel {
            header { div { h2 { "Add a provider" } p { "The secret is kept sealed and shown to nobody. The list says afterwards which redirect address to register there." } } }
            form.body.stack method="post" action=(PATH) {
                div.row.fields {
                    (choose("kind", "kind", "Kind", &KINDS, if problem.is_some() { form.text("kind") } else { "OIDC" }))
                    (Field { placeholder: "Company sign-in", ..field("name", "Name on the button") }.show())
                }
                (Field { kind: "url", placeholder: "https://id.company.com", optional: true, aside: "for OpenID Connect", ..field("issuer", "Issuer") }.show())
                div.row.fields {
                    (field("clientId", "Client id").show())
                    (Field { kind: "password", value: "", ..field("clientSecret", "Client secret") }.show())
                }
                label.check {
                    input type="checkbox" name="signsUp" value="yes" checked[problem.is_none() || form.text("signsUp") == "yes"];
                    span { "People who are new here may sign up by it, within what the sign-up settings allow." }
                }
                div.row.end { button.button.primary name="do" value="add" { "Add provider" } }
            }
        }
    }
}
