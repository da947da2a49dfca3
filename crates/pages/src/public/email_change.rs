//! `/email-change`: the link of the mail to a new address.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::html;
use serde_json::json;

use super::{dead_link, options};
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About, heading};
use crate::parts::hidden;
use crate::visit::{Visit, see_other};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let options = options(&visit).await?;
    let about = About {
        title: "Confirm your new address",
        tenant: &options.tenant.name,
        token_in_address: true,
        ..About::default()
    };
    let text = html! { "From then on you sign in to " (options.tenant.name) " with it." };
    let card = html! {
        section.card {
            (heading("mail", about.title, &text))
            form method="post" action="/email-change" {
                (hidden("token", Some(form.raw("token"))))
                button.button.primary.block autofocus { "Confirm address" }
            }
        }
    };
    Ok(layout::gate(&visit, about, &card))
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let body = json!({ "token": form.raw("token") });
    match visit.post("/api/v1/account/email-changes/confirm", &body).await {
        Ok(_) => Ok(see_other("/sign-in?notice=address")),
        Err(problem) if problem.is("code-invalid") => Ok(dead_link(&visit, &problem, ("/account", "Ask again")).await),
        Err(problem) => Err(problem.into()),
    }
}
