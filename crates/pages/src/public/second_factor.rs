//! `/sign-in/second-factor`: the password was right, and something more is owed.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::{options, sign_in, signed_in};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::parts::{Field, alert, hidden, passkey_fields, passkey_problem};
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    page(&visit, &form, None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let body = match form.text("do") {
        "passkey" => json!({ "passkey": sign_in::ceremony(&form) }),
        "recovery" => json!({ "recoveryCode": form.text("recoveryCode") }),
        _ => json!({ "code": form.text("code").replace(' ', "") }),
    };
    match visit.post("/api/v1/sessions/second-factor", &body).await {
        Ok(answer) => signed_in(answer, form.return_to()),
        Err(problem) => page(&visit, &form, Some(problem)).await,
    }
}

async fn page(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let options = options(visit).await?;
    let about = About {
        title: "One more step",
        tenant: &options.tenant.name,
        passkeys: true,
        ..About::default()
    };
    let card = card(form, problem.as_ref());
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn card(form: &Form, problem: Option<&Problem>) -> Markup {
    let factors: Vec<&str> = form.text("factors").split(' ').collect();
    let (totp, passkey) = (factors.contains(&"TOTP"), factors.contains(&"PASSKEY"));
    let kept = html! {
        (hidden("factors", Some(form.text("factors"))))
        (hidden("returnTo", form.return_to()))
    };
    let text = if totp {
        html! { "Enter the six digits that your authenticator app shows now." }
    } else {
        html! { "Confirm with your passkey that it is you." }
    };
    html! {
        section.card {
            (heading("shield", "One more step", &text))
            (alert(problem, &["code", "recoveryCode"]))
            @if totp {
                form.stack method="post" action="/sign-in/second-factor" {
                    (kept)
                    (Field { name: "code", label: "Code", autocomplete: "one-time-code", digits: true, max_length: Some(7), focused: true, problem, ..Field::default() }.show())
                    button.button.primary.block name="do" value="code" { "Continue" }
                }
            }
            @if totp && passkey { div.or data-passkeys hidden { "or" } }
            @if passkey {
                form.stack method="post" action="/sign-in/second-factor" data-passkeys hidden {
                    (passkey_problem()) (kept) (passkey_fields())
                    button.button.block.primary[!totp] name="do" value="passkey" data-passkey="get"
                        data-begin="/api/v1/sessions/passkey-challenges" { (icon("passkey")) "Use a passkey" }
                }
            }
            details.more {
                summary.beside { span.small { "Lost it? Use a recovery code" } }
                form.stack method="post" action="/sign-in/second-factor" {
                    (kept)
                    (Field { name: "recoveryCode", label: "Recovery code", hint: "Each works once.", problem, ..Field::default() }.show())
                    button.button.block name="do" value="recovery" { "Use this code" }
                }
            }
        }
        p.beside { a href="/sign-in" { "Sign in as somebody else" } }
    }
}
