//! `/invitation`: an operator or a developer is invited, and accepts with a password or with a passkey.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::{dead_link, sign_in, signed_in};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::model::LookedUp;
use crate::parts::{Field, alert, hidden, passkey_fields, passkey_problem, words};
use crate::visit::{Visit, read};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    page(&visit, &form, None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let mut body = json!({ "token": form.raw("token") });
    if let Some(name) = form.given("name") {
        body["name"] = name.into();
    }
    match form.text("do") {
        "passkey" => body["passkey"] = sign_in::ceremony(&form),
        "password" => body["password"] = form.raw("password").into(),
        _ => {}
    }
    match visit.post("/api/v1/invitations/accept", &body).await {
        Ok(answer) => signed_in(answer, None),
        Err(problem) => page(&visit, &form, Some(problem)).await,
    }
}

async fn page(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let body = json!({ "token": form.raw("token") });
    // Only reads; a mail program's site may have led here.
    let invitation: LookedUp = match visit.vouched().post("/api/v1/invitations/look-up", &body).await {
        Ok(answer) => read(answer)?,
        Err(problem) if matches!(problem.status, 403 | 404 | 422) => {
            return Ok(dead_link(visit, &problem, ("/", "Go to the first page")).await);
        }
        Err(problem) => return Err(problem.into()),
    };
    let title = format!(
        "Join {}",
        invitation.customer_name.as_deref().unwrap_or(&invitation.tenant.name)
    );
    let about = About {
        title: &title,
        tenant: &invitation.tenant.name,
        passkeys: true,
        token_in_address: true,
        ..About::default()
    };
    let card = card(&title, &invitation, form, problem.as_ref());
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn card(title: &str, invitation: &LookedUp, form: &Form, problem: Option<&Problem>) -> Markup {
    let by = invitation.invited_by.as_deref().unwrap_or(&invitation.tenant.name);
    let (tenant, role) = (&invitation.tenant.name, words(&invitation.role));
    let text = html! {
        (by) " invites " strong { (invitation.email) }
        @match &invitation.customer_name {
            Some(customer) => { " to work with the APIs of " (tenant) " for " (customer) ". Role: " (role) "." },
            None => { " to run " (tenant) ". Role: " (role) "." },
        }
    };
    html! {
        section.card {
            (heading("team", title, &text))
            (alert(problem, &["name", "password"]))
            form.stack method="post" action="/invitation" {
                (hidden("token", Some(form.raw("token"))))
                @if invitation.has_account {
                    button.button.primary.block name="do" value="accept" { "Accept" }
                    p.soft.small { "You have an account with this address. Sign in with it afterwards." }
                } @else {
                    (new_person(form, problem))
                }
            }
        }
    }
}

fn new_person(form: &Form, problem: Option<&Problem>) -> Markup {
    html! {
        // Return sends a form by its first button.
        button.visually-hidden name="do" value="password" tabindex="-1" aria-hidden="true" {}
        (passkey_problem())
        (passkey_fields())
        (Field { name: "name", label: "Your name", autocomplete: "name", value: form.raw("name"), focused: problem.is_none(), problem, ..Field::default() }.show())
        div data-passkeys hidden {
            button.button.primary.block name="do" value="passkey" formnovalidate data-passkey="create" data-needs="name" data-send="token name"
                data-begin="/api/v1/invitations/passkey-challenges" { (icon("passkey")) "Accept with a passkey" }
            div.or { "or with a password" }
        }
        (Field { name: "password", label: "Password", kind: "password", autocomplete: "new-password", hint: "10 characters or more.", problem, ..Field::default() }.show())
        button.button.block name="do" value="password" { "Accept with a password" }
    }
}
