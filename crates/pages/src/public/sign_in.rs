//! `/sign-in`: with a password, a passkey, or somewhere else.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::{options, provider, signed_in};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::model::SignInOptions;
use crate::parts::{Field, alert, hidden, note, passkey_fields, passkey_problem};
use crate::return_to;
use crate::visit::{Visit, see_other};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    page(&visit, &form, None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let answer = if form.text("do") == "passkey" || !form.raw("credential").is_empty() {
        visit.post("/api/v1/sessions/passkey", &ceremony(&form)).await
    } else {
        let body = json!({ "email": form.text("email"), "password": form.raw("password") });
        visit.post("/api/v1/sessions", &body).await
    };
    match answer {
        Ok(answer) => signed_in(answer, form.return_to()),
        Err(problem) => page(&visit, &form, Some(problem)).await,
    }
}

/// `POST /sign-out`
pub(crate) async fn sign_out(visit: Visit) -> Result<Response, Failure> {
    match visit.post("/api/v1/sessions/sign-out", &json!({})).await {
        Ok(_) => Ok(see_other("/sign-in?notice=signed-out")),
        // Nobody was signed in any more.
        Err(problem) if problem.status == 401 => Ok(see_other("/sign-in?notice=signed-out")),
        Err(problem) => Err(problem.into()),
    }
}

/// What a passkey said, as the API takes it.
pub(crate) fn ceremony(form: &Form) -> Value {
    let credential: Value = serde_json::from_str(form.raw("credential")).unwrap_or_default();
    json!({ "ceremonyId": form.raw("ceremonyId"), "credential": credential })
}

async fn page(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let options = options(visit).await?;
    let about = About {
        title: "Sign in",
        tenant: &options.tenant.name,
        passkeys: true,
        ..About::default()
    };
    let card = card(&options, form, problem.as_ref());
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn card(options: &SignInOptions, form: &Form, problem: Option<&Problem>) -> Markup {
    let return_to = form.return_to();
    html! {
        section.card {
            (heading("", &format!("Sign in to {}", options.tenant.name), &html! { "Welcome back." }))
            (notice(form.text("notice")))
            (alert(problem, &["email", "password"]))
            (provider::buttons(&options.providers, "Continue with", return_to))
            form.stack method="post" action="/sign-in" {
                (passkey_problem())
                (hidden("returnTo", return_to))
                (passkey_fields())
                (Field { name: "email", label: "E-mail", kind: "email", autocomplete: "username webauthn", value: form.raw("email"), focused: problem.is_none(), problem, ..Field::default() }.show())
                div.field {
                    div.label { label for="password" { "Password" } a.small href="/reset" { "Forgotten?" } }
                    input.input id="password" name="password" type="password" autocomplete="current-password" required;
                }
                button.button.primary.block { "Sign in" }
                div data-passkeys hidden {
                    button.button.block name="do" value="passkey" formnovalidate data-passkey="get" data-autofill
                        data-begin="/api/v1/sessions/passkey-challenges" { (icon("passkey")) "Sign in with a passkey" }
                }
            }
        }
        @if options.sign_up != "BY_INVITATION" {
            p.beside { "New here? " a href=(return_to::with("/sign-up", form.return_to())) { "Create an account" } }
        }
    }
}

fn notice(name: &str) -> Markup {
    let text = match name {
        "ready" => "Your address is confirmed. Sign in to go on.",
        "accepted" => "The invitation is accepted. Sign in to go on.",
        "password" => "Your password is changed and every session has ended. Sign in with the new one.",
        "address" => "Your new address is confirmed. Sign in with it from now on.",
        "signed-out" => "You are signed out.",
        "everywhere" => "You are signed out everywhere.",
        "deleted" => "Your account is deleted.",
        _ => return html! {},
    };
    note("good", text)
}
