//! `/sign-in/provider/{id}` and `/sign-in/callback/{id}`: there and back.

use axum::extract::{Path, RawQuery};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{options, signed_in};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::model::Provider;
use crate::parts::hidden;
use crate::visit::{Visit, read, segment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    authorization_url: String,
}

/// A button for each provider, and "or" after them.
pub(crate) fn buttons(providers: &[Provider], verb: &str, return_to: Option<&str>) -> Markup {
    html! {
        @if !providers.is_empty() {
            div.stack.tight {
                @for provider in providers {
                    form method="post" action={ "/sign-in/provider/" (provider.id) } {
                        (hidden("returnTo", return_to))
                        button.button.block { (icon(drawing(&provider.kind))) (verb) " " (provider.name) }
                    }
                }
            }
            div.or { "or" }
        }
    }
}

pub(crate) fn drawing(kind: &str) -> &'static str {
    match kind {
        "GOOGLE" => "google",
        "GITHUB" => "github",
        _ => "building",
    }
}

/// `POST /sign-in/provider/{id}`
pub(crate) async fn leave(visit: Visit, Path(id): Path<String>, form: Form) -> Result<Response, Failure> {
    let mut body = json!({});
    if let Some(path) = form.return_to() {
        body["returnTo"] = path.into();
    }
    let path = format!("/api/v1/sign-in-providers/{}/authorizations", segment(&id)?);
    let answer = visit.post(&path, &body).await?;
    Ok(go(&visit, answer).await?)
}

/// A page that goes on to the provider by itself. Not a redirect: `form-action 'self'` would stop that in Chromium, which holds
/// a form's whole chain of redirects against it, and the page does not know beforehand where the provider is.
pub(crate) async fn go(visit: &Visit, answer: Value) -> Result<Response, Problem> {
    let begun: Begun = read(answer)?;
    let url = Url::parse(&begun.authorization_url).ok();
    let url = url.filter(|url| matches!(url.scheme(), "https" | "http"));
    let url = url.ok_or_else(|| Problem::of(500, "internal", "The provider's address is not usable."))?;
    let tenant = options(visit).await?.tenant.name;
    let host = url.host_str().unwrap_or_default().to_owned();
    let about = About {
        title: "One moment",
        tenant: &tenant,
        onward: Some(url.as_str()),
        ..About::default()
    };
    let card = html! {
        section.card {
            (heading("world", about.title, &html! { "You go on to " strong { (host) } " to sign in." }))
            a.button.primary.block href=(url) rel="noreferrer" { "Continue" }
        }
    };
    Ok(layout::gate(visit, about, &card))
}

/// `GET /sign-in/callback/{id}`: the way back from the provider.
pub(crate) async fn come_back(
    visit: Visit,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Form::read(query.unwrap_or_default().as_bytes());
    let mut body = json!({ "providerId": id, "state": query.raw("state") });
    for name in ["code", "error", "iss"] {
        if !query.raw(name).is_empty() {
            body[name] = query.raw(name).into();
        }
    }
    // The provider's site sent the browser here; that this browser began it is shown by `state` and the cookie that goes with it.
    let problem = match visit.vouched().post("/api/v1/sessions/provider", &body).await {
        Ok(answer) => return signed_in(answer, None),
        Err(problem) => problem,
    };
    let tenant = options(&visit).await?.tenant.name;
    let about = About {
        title: "You are not signed in",
        tenant: &tenant,
        token_in_address: true,
        ..About::default()
    };
    let card = html! {
        section.card {
            (heading("alert", about.title, &html! { (problem.detail) }))
            a.button.primary.block href="/sign-in" { "Back to sign-in" }
        }
    };
    Ok(layout::with_status(layout::gate(&visit, about, &card), Some(&problem)))
}
