//! `/reset` asks for a mail; `/reset/complete`, with the token of that mail, for a new password.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::{dead_link, options};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About, heading};
use crate::parts::{Field, alert, hidden};
use crate::visit::{Visit, see_other};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    page(&visit, &form, None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let Some(token) = form.given("token") else {
        let body = json!({ "email": form.text("email") });
        return match visit.post("/api/v1/password-resets", &body).await {
            Ok(_) => Ok(see_other("/reset/check-mail")),
            Err(problem) => page(&visit, &form, Some(problem)).await,
        };
    };
    let body = json!({ "token": token, "password": form.raw("password") });
    match visit.post("/api/v1/password-resets/complete", &body).await {
        Ok(_) => Ok(see_other("/sign-in?notice=password")),
        Err(problem) if problem.is("code-invalid") => {
            Ok(dead_link(&visit, &problem, ("/reset", "Send a new link")).await)
        }
        Err(problem) => page(&visit, &form, Some(problem)).await,
    }
}

pub(crate) async fn check_mail(visit: Visit) -> Result<Response, Failure> {
    let options = options(&visit).await?;
    let about = About {
        title: "Check your mail",
        tenant: &options.tenant.name,
        ..About::default()
    };
    let text = html! { "If there is an account with this address, a link to choose a new password is on its way." };
    let card = html! {
        section.card {
            (heading("mail", about.title, &text))
            a.button.block href="/sign-in" { "Back to sign-in" }
        }
    };
    Ok(layout::gate(&visit, about, &card))
}

async fn page(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let options = options(visit).await?;
    let token = form.given("token");
    let about = About {
        title: if token.is_some() {
            "Choose a new password"
        } else {
            "Forgotten your password?"
        },
        tenant: &options.tenant.name,
        token_in_address: token.is_some(),
        ..About::default()
    };
    let card = match token {
        Some(token) => choose(token, problem.as_ref()),
        None => ask(form, problem.as_ref()),
    };
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn ask(form: &Form, problem: Option<&Problem>) -> Markup {
    html! {
        section.card {
            (heading("", "Forgotten your password?", &html! { "We send you a link to choose a new one." }))
            (alert(problem, &["email"]))
            form.stack method="post" action="/reset" {
                (Field { name: "email", label: "E-mail", kind: "email", autocomplete: "email", value: form.raw("email"), focused: true, problem, ..Field::default() }.show())
                button.button.primary.block { "Send link" }
            }
        }
        p.beside { a href="/sign-in" { "Back to sign-in" } }
    }
}

fn choose(token: &str, problem: Option<&Problem>) -> Markup {
    html! {
        section.card {
            (heading("key", "Choose a new password", &html! { "Every session of yours ends, here and elsewhere." }))
            (alert(problem, &["password"]))
            form.stack method="post" action="/reset/complete" {
                (hidden("token", Some(token)))
                (Field { name: "password", label: "New password", kind: "password", autocomplete: "new-password", focused: true, hint: "10 characters or more.", problem, ..Field::default() }.show())
                button.button.primary.block { "Change password" }
            }
        }
    }
}
