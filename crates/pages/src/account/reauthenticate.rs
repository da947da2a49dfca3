//! `/account/reauthenticate`: before what reveals, rotates or deletes, whoever is signed in shows again who it is.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::model::Account;
use crate::parts::{Field, alert, hidden, passkey_fields, passkey_problem};
use crate::public::sign_in;
use crate::visit::{Visit, see_other};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let body = match form.text("do") {
        "passkey" => json!({ "passkey": sign_in::ceremony(&form) }),
        "code" => json!({ "code": form.text("code").replace(' ', "") }),
        _ => json!({ "password": form.raw("password") }),
    };
    match visit.post("/api/v1/account/reauthentications", &body).await {
        Ok(_) => Ok(see_other(form.return_to().unwrap_or("/account"))),
        Err(problem) if problem.is("unauthenticated") => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let about = About {
        title: "Is it you?",
        tenant: &account.tenant.name,
        passkeys: true,
        ..About::default()
    };
    let card = card(&account, form, problem.as_ref());
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn card(account: &Account, form: &Form, problem: Option<&Problem>) -> Markup {
    let action = "/account/reauthenticate";
    let back = hidden("returnTo", form.return_to());
    let factors = &account.second_factors;
    let text = html! { "You signed in as " strong { (account.person.email) } " a while ago. Confirm it before you go on; then press the button once more." };
    html! {
        section.card {
            (heading("shield", "Is it you?", &text))
            (alert(problem, &["password", "code"]))
            @if factors.passkeys > 0 {
                form.stack method="post" action=(action) data-passkeys hidden {
                    (passkey_problem()) (back) (passkey_fields())
                    button.button.block.primary name="do" value="passkey" data-passkey="get"
                        data-begin="/api/v1/account/reauthentications/passkey-challenges" { (icon("passkey")) "Use a passkey" }
                    div.or { "or" }
                }
            }
            @if account.person.has_password {
                form.stack method="post" action=(action) {
                    (back)
                    (Field { name: "password", label: "Password", kind: "password", autocomplete: "current-password", focused: true, problem, ..Field::default() }.show())
                    button.button.block.primary[factors.passkeys == 0] name="do" value="password" { "Confirm" }
                }
            } @else if factors.totp {
                form.stack method="post" action=(action) {
                    (back)
                    (Field { name: "code", label: "Code from your app", autocomplete: "one-time-code", digits: true, max_length: Some(7), focused: true, problem, ..Field::default() }.show())
                    button.button.block.primary[factors.passkeys == 0] name="do" value="code" { "Confirm" }
                }
            } @else if factors.passkeys == 0 {
                p.soft { "You have neither password nor passkey here. Sign out and in again." }
                form method="post" action="/sign-out" { button.button.block { "Sign out" } }
            }
        }
    }
}
