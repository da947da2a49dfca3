//! `/console/people/sign-up`: who may sign up.

use axum::extract::RawQuery;
use axum::response::Response;
use http::Method;
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::{leads_elsewhere, notice, operator, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::parts::alert;
use crate::visit::{Visit, see_other};

const PATH: &str = "/console/people/sign-up";
const MODES: [(&str, &str, &str); 4] = [
    ("OPEN", "Everybody", "Whoever confirms a mail address."),
    (
        "BY_APPROVAL",
        "Everybody, when you let them in",
        "They can sign in, and do nothing before an operator says yes.",
    ),
    (
        "BY_DOMAIN",
        "Certain domains",
        "Whoever has a mail address at one of the domains below.",
    ),
    (
        "BY_INVITATION",
        "By invitation",
        "Only colleagues of developers who are here already.",
    ),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    sign_up: String,
    #[serde(default)]
    domains: Vec<String>,
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let domains: Vec<&str> = domains(&form);
    let body = json!({ "signUp": form.text("signUp"), "domains": domains });
    match visit.call(Method::PUT, "/api/v1/people-settings", Some(&body)).await {
        Ok(_) => Ok(see_other(&format!("{PATH}?notice=saved"))),
        Err(problem) if leads_elsewhere(&problem) => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

fn domains(form: &Form) -> Vec<&str> {
    let parts = form.raw("domains").split([',', ' ', '\n', '\r']);
    parts.map(str::trim).filter(|domain| !domain.is_empty()).collect()
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = operator(visit).await?;
    let mut settings: Settings = visit.get("/api/v1/people-settings").await?;
    if problem.is_some() {
        settings.sign_up = form.text("signUp").to_owned();
        settings.domains = domains(form).into_iter().map(str::to_owned).collect();
    }
    let about = About {
        title: "Sign-up",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &[]))
        section.panel {
            header { div { h2 { "Who may sign up" } p { "At " a href="/sign-up" { "the sign-up page" } " and through the API." } } }
            form.body.stack method="post" action=(PATH) {
                fieldset.choices {
                    legend.visually-hidden { "Who may sign up" }
                    @for (value, label, about) in MODES {
                        label {
                            input type="radio" name="signUp" value=(value) checked[settings.sign_up == value];
                            span { (label) }
                            span { (about) }
                        }
                    }
                }
                div.field {
                    label for="domains" { "Domains" span.aside { "for “certain domains”, one per line" } }
                    textarea.input id="domains" name="domains" rows="3" placeholder="company.com" spellcheck="false" { (settings.domains.join("\n")) }
                }
                div.row.end { button.button.primary { "Save" } }
            }
        }
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}
