//! `/hand-over`: somebody who is signed in at another tenant goes on here.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::html;
use serde_json::json;

use super::{dead_link, options, signed_in};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About, heading};
use crate::parts::hidden;
use crate::visit::Visit;

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let options = options(&visit).await?;
    let title = format!("Go on to {}", options.tenant.name);
    let about = About {
        title: &title,
        tenant: &options.tenant.name,
        token_in_address: true,
        ..About::default()
    };
    let card = html! {
        section.card {
            (heading("building", &title, &html! { "You have an account here with the same address." }))
            form method="post" action="/hand-over" {
                (hidden("token", Some(form.raw("token"))))
                button.button.primary.block autofocus { "Sign in" }
            }
        }
    };
    Ok(layout::gate(&visit, about, &card))
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let body = json!({ "token": form.raw("token") });
    match visit.post("/api/v1/sessions/hand-over", &body).await {
        Ok(answer) => signed_in(answer, None),
        Err(problem) if problem.is("code-invalid") => {
            Ok(dead_link(&visit, &problem, ("/", "Go to the first page")).await)
        }
        Err(problem) => Err(problem.into()),
    }
}
