//! `/account/sessions`: where somebody is signed in.

use axum::extract::RawQuery;
use axum::response::Response;
use chrono::{DateTime, Utc};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{account, notice, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::icons::icon;
use crate::layout::About;
use crate::model::Items;
use crate::parts::moment;
use crate::visit::{Visit, see_other, segment};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    id: String,
    #[serde(default)]
    current: bool,
    device: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_seen_at: Option<DateTime<Utc>>,
}

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let account = account(&visit).await?;
    let sessions: Items<Session> = visit.get("/api/v1/account/sessions").await?;
    let about = About {
        title: "Sessions",
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        section.panel {
            header {
                div { h2 { "Sessions" } p { "Every browser and program that is signed in as you." } }
                form method="post" action="/account/sessions" {
                    button.button.danger.small name="do" value="everywhere" { "Sign out everywhere" }
                }
            }
            ul.list { @for session in &sessions.items { (item(session)) } }
        }
    };
    Ok(page(&visit, &account, about, &content))
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    match form.text("do") {
        "everywhere" => {
            visit.post("/api/v1/account/sign-out-everywhere", &json!({})).await?;
            Ok(see_other("/sign-in?notice=everywhere"))
        }
        "revoke" => {
            let path = format!("/api/v1/account/sessions/{}", segment(form.text("id"))?);
            visit.call(Method::DELETE, &path, None).await?;
            Ok(see_other("/account/sessions?notice=session"))
        }
        _ => Err(Problem::not_found().into()),
    }
}

fn item(session: &Session) -> Markup {
    let methods: Vec<&str> = session.methods.iter().map(|method| how(method)).collect();
    html! {
        li {
            (icon("device"))
            div.what {
                span { (session.device) @if session.current { span.badge.good { "This one" } } }
                span {
                    @if let Some(address) = &session.address { (address) " · " }
                    "last seen " (moment(session.last_seen_at.or(session.created_at)))
                    @if !methods.is_empty() { " · by " (methods.join(" and ")) }
                }
            }
            @if !session.current {
                form method="post" action="/account/sessions" {
                    input type="hidden" name="id" value=(session.id);
                    button.button.small name="do" value="revoke" { "Sign out" }
                }
            }
        }
    }
}

/// How somebody showed who they are.
fn how(method: &str) -> &str {
    match method {
        "PASSWORD" => "password",
        "TOTP" => "app code",
        "RECOVERY_CODE" => "recovery code",
        "PASSKEY" => "passkey",
        "PROVIDER" => "linked sign-in",
        "MAIL" => "mail",
        "HAND_OVER" => "another tenant",
        other => other,
    }
}
