//! `/sign-up`: a developer makes an account.

use axum::extract::RawQuery;
use axum::response::Response;
use http::HeaderValue;
use maud::{Markup, html};
use serde_json::json;

use super::{options, provider};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About, heading};
use crate::model::SignInOptions;
use crate::parts::{Field, alert, hidden};
use crate::return_to;
use crate::visit::{Visit, see_other};

const FIELDS: [&str; 4] = ["email", "name", "customerName", "password"];

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    page(&visit, &form, None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let mut body = json!({ "email": form.text("email"), "name": form.text("name"), "password": form.raw("password") });
    if let Some(name) = form.given("customerName") {
        body["customerName"] = name.into();
    }
    match visit.post("/api/v1/sign-ups", &body).await {
        Ok(_) => {
            remember(&visit, form.return_to());
            Ok(see_other("/sign-up/check-mail"))
        }
        Err(problem) => page(&visit, &form, Some(problem)).await,
    }
}

/// Where to go on when the mail's link was opened in this browser: it is kept here, and not in a mail that anybody could send.
pub(super) const ONWARD: &str = "onward";
/// How long, in seconds: an hour.
const ONWARD_SECONDS: u32 = 3600;

fn remember(visit: &Visit, return_to: Option<&str>) {
    let Some(path) = return_to else { return };
    let path = return_to::encoded(path);
    let cookie = format!("{ONWARD}={path}; Path=/; Max-Age={ONWARD_SECONDS}; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        visit.set_cookie(cookie);
    }
}

/// Where to go on, asked once.
pub(super) fn remembered(visit: &Visit) -> Option<String> {
    let cookie = visit.cookie(ONWARD)?;
    visit.set_cookie(HeaderValue::from_static(
        "onward=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax",
    ));
    let form = Form::read(format!("returnTo={cookie}").as_bytes());
    form.return_to().map(str::to_owned)
}

pub(crate) async fn check_mail(visit: Visit) -> Result<Response, Failure> {
    let options = options(&visit).await?;
    let about = About {
        title: "Check your mail",
        tenant: &options.tenant.name,
        ..About::default()
    };
    let text = html! { "We sent you a link. Open it in this browser and you are signed in." };
    let card = html! {
        section.card {
            (heading("mail", about.title, &text))
            p.soft { "Nothing there after a minute? Look among the junk, or "
                a href="/sign-up" { "try again" } ". If you have an account already, the mail says so." }
        }
    };
    Ok(layout::gate(&visit, about, &card))
}

async fn page(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let options = options(visit).await?;
    let about = About {
        title: "Create your account",
        tenant: &options.tenant.name,
        ..About::default()
    };
    let card = if options.sign_up == "BY_INVITATION" {
        closed(&options)
    } else {
        open(&options, form, problem.as_ref())
    };
    Ok(layout::with_status(layout::gate(visit, about, &card), problem.as_ref()))
}

fn closed(options: &SignInOptions) -> Markup {
    let name = &options.tenant.name;
    html! {
        section.card {
            (heading("mail", "By invitation only", &html! { (name) " invites its developers. Ask a colleague who has an account, or write to " (name) "." }))
            a.button.block href="/sign-in" { "I have an account" }
        }
    }
}

fn open(options: &SignInOptions, form: &Form, problem: Option<&Problem>) -> Markup {
    let about = match options.sign_up.as_str() {
        "BY_DOMAIN" => html! { "For addresses at " (options.domains.join(", ")) "." },
        "BY_APPROVAL" => html! { (options.tenant.name) " looks at each request before it is let in." },
        _ => html! { "For the APIs of " (options.tenant.name) "." },
    };
    let field = |name, label| Field {
        name,
        label,
        value: form.raw(name),
        problem,
        ..Field::default()
    };
    html! {
        section.card {
            (heading("", "Create your account", &about))
            (alert(problem, &FIELDS))
            (provider::buttons(&options.providers, "Sign up with", form.return_to()))
            form.stack method="post" action="/sign-up" {
                (hidden("returnTo", form.return_to()))
                (Field { kind: "email", autocomplete: "email", placeholder: "you@company.com", focused: problem.is_none(), ..field("email", "Work e-mail") }.show())
                (Field { autocomplete: "name", ..field("name", "Your name") }.show())
                (Field { autocomplete: "organization", optional: true, aside: "optional", ..field("customerName", "Company") }.show())
                (Field { kind: "password", autocomplete: "new-password", value: "", hint: "10 characters or more. A few words are easy to remember.", ..field("password", "Password") }.show())
                button.button.primary.block { "Create account" }
            }
        }
        p.beside { "Have an account? " a href=(return_to::with("/sign-in", form.return_to())) { "Sign in" } }
    }
}
