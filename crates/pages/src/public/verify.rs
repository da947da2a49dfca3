//! `/verify`: the link of the mail that a sign-up sends. Opening it does nothing yet: programs that look at mails open links too.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::html;
use serde_json::json;

use super::sign_up::remembered;
use super::{dead_link, options, signed_in};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About, heading};
use crate::parts::hidden;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let options = options(&visit).await?;
    let about = About {
        title: "Confirm your address",
        tenant: &options.tenant.name,
        token_in_address: true,
        ..About::default()
    };
    let text = html! { "One more click, and your account at " (options.tenant.name) " is ready." };
    let card = html! {
        section.card {
            (heading("mail", about.title, &text))
            form method="post" action="/verify" {
                (hidden("token", Some(form.raw("token"))))
                button.button.primary.block autofocus { "Confirm and continue" }
            }
        }
    };
    Ok(layout::gate(&visit, about, &card))
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let body = json!({ "token": form.raw("token") });
    match visit.post("/api/v1/sign-ups/verify", &body).await {
        Ok(answer) => {
            let onward = remembered(&visit);
            signed_in(answer, onward.as_deref())
        }
        Err(problem) if problem.is("code-invalid") => {
            Ok(dead_link(&visit, &problem, ("/sign-up", "Sign up again")).await)
        }
        Err(problem) => Err(problem.into()),
    }
}
