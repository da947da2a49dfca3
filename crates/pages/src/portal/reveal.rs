//! The one place where a secret is shown, once.
//!
//! With a script it is a modal dialog that neither Esc nor a click beside it closes, and the page's address becomes one that a
//! reload may ask for; without one it is the page. What the browser keeps of it, `web/islands/secrets.ts` decides.

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::model::{Example, Key, KeyGateway, MadeKey};
use super::words::on_gateway;
use crate::account::account;
use crate::client::Problem;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Items;
use crate::visit::Visit;

/// What is shown of a secret.
struct Shown<'a> {
    title: &'a str,
    secret: &'a str,
    /// What the secret is for, in words.
    about: String,
    /// The file that can be downloaded, and what its line is called.
    variable: &'a str,
    /// Which secret it is, for the browser's memory of this tab.
    kept_as: String,
    back: String,
    example: Option<Example>,
    notes: Vec<String>,
}

/// A key that was just made or rotated.
pub(crate) async fn key(visit: &Visit, title: &str, made: MadeKey) -> Result<Response, Problem> {
    let key = made.key;
    let Some(secret) = made.secret else {
        return gone(visit, &key).await;
    };
    // The secret is on its way in any case: what stands beside it may be missing.
    let gateways = visit
        .get::<Items<KeyGateway>>(&format!("/api/v1/portal/keys/{}/gateways", key.id))
        .await;
    let gateways = gateways.map(|list| list.items).unwrap_or_default();
    let shown = Shown {
        title,
        secret: &secret,
        about: format!("{} · {}", key.name, key.environment.to_lowercase()),
        variable: "API_KEY",
        kept_as: format!("{}/{}", key.id, key.last_four),
        back: format!("/keys/{}", key.id),
        example: gateways.iter().find_map(|gateway| gateway.example.clone()),
        notes: notes(&key, &gateways),
    };
    page(visit, &shown).await
}

/// A secret that a gateway made for a key.
pub(crate) async fn of_gateway(
    visit: &Visit,
    key: &Key,
    gateway: &str,
    secret: Option<String>,
) -> Result<Response, Problem> {
    let Some(secret) = secret else {
        return gone(visit, key).await;
    };
    let shown = Shown {
        title: "The gateway's key",
        secret: &secret,
        about: format!("{} on {gateway}", key.name),
        variable: "GATEWAY_API_KEY",
        kept_as: String::new(),
        back: format!("/keys/{}", key.id),
        example: None,
        notes: vec![format!(
            "It works on {gateway} only; other gateways have keys of their own."
        )],
    };
    page(visit, &shown).await
}

fn notes(key: &Key, gateways: &[KeyGateway]) -> Vec<String> {
    let mut notes = Vec::new();
    if gateways.is_empty() {
        let environment = key.environment.to_lowercase();
        notes.push(format!(
            "No gateway here takes {environment} keys yet, so it works nowhere."
        ));
    }
    for gateway in gateways.iter().filter(|gateway| gateway.state != "ACTIVE") {
        let (_, label, why) = on_gateway(&gateway.state);
        notes.push(format!("{}: {}. {why}", gateway.gateway_name, label.to_lowercase()));
    }
    if gateways.iter().any(|gateway| gateway.secret.is_some()) {
        notes.push("Some gateways make keys of their own: the key's page reveals each of them once.".to_owned());
    }
    notes
}

async fn page(visit: &Visit, shown: &Shown<'_>) -> Result<Response, Problem> {
    let account = account(visit).await?;
    let about = About {
        title: shown.title,
        secrets: true,
        ..About::default()
    };
    let kept_as = Some(&shown.kept_as).filter(|kept| visit.brand().keeps_secrets_in_tab && !kept.is_empty());
    let content = html! {
        div.head.behind { div { h1 { (shown.title) } p { (shown.about) } } }
        dialog.reveal open aria-labelledby="reveal-title" data-reveal data-back=(shown.back) data-keep-as=[kept_as] {
            header {
                div.mark.good { (icon("check")) }
                div { h2 id="reveal-title" { (shown.title) } p { (shown.about) } }
            }
            div.stack {
                p { "Copy the key now. It is shown this once: we keep only its fingerprint and cannot show it again." }
                div.field {
                    label for="secret" { "Key" }
                    div.secret {
                        input.input id="secret" value=(shown.secret) readonly autofocus autocomplete="off" spellcheck="false" data-secret;
                        button.button.primary type="button" data-copy="#secret" hidden { (icon("copy")) span data-label aria-live="polite" { "Copy" } }
                    }
                }
                @if let Some(example) = &shown.example { (first_call(shown.secret, example)) }
                @for note in &shown.notes { div.note { (icon("alert")) p { (note) } } }
                div hidden data-save {
                    span id="env" hidden data-secret { (shown.variable) "=" (shown.secret) }
                    button.button.small type="button" data-download="api-key.env" data-from="#env" { (icon("download")) "Download .env" }
                }
                form.done method="get" action=(shown.back) {
                    label.check { input type="checkbox" required; span { "I have stored it" } }
                    button.button.primary { "Done" }
                }
            }
        }
    };
    Ok(layout::app(visit, about, &account, &content))
}

fn first_call(secret: &str, example: &Example) -> Markup {
    let method = if example.method == "GET" {
        String::new()
    } else {
        format!(" -X {}", example.method)
    };
    html! {
        div.field {
            span.label { span { "Try it" } button.button.small.quiet type="button" data-copy="#call" hidden { (icon("copy")) span data-label aria-live="polite" { "Copy" } } }
            pre.call tabindex="0" { code id="call" data-secret { "curl" (method) " '" (example.url) "' \\\n  -H '" (example.header) ": " (secret) "'" } }
        }
    }
}

/// The same form was sent a second time: the secret went with the first answer.
async fn gone(visit: &Visit, key: &Key) -> Result<Response, Problem> {
    let account = account(visit).await?;
    let about = About {
        title: "The key was shown before",
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { (about.title) } p { (key.name) " · " code { (key.shown()) } } } }
        section.panel { div.body.stack {
            p { "This form was sent twice. The key was made once, and the first answer showed it; nothing shows it again. If you do not have it, rotate the key and copy the new one." }
            div.row {
                a.button.primary href={ "/keys/" (key.id) "/rotate" } { "Rotate it" }
                a.button href={ "/keys/" (key.id) } { "Go to the key" }
            }
        } }
    };
    Ok(layout::app(visit, about, &account, &content))
}

/// The same form was sent a second time while the first was under way.
pub(crate) async fn in_flight(visit: &Visit) -> Result<Response, Problem> {
    let account = account(visit).await?;
    let about = About {
        title: "Still under way",
        onward: Some("/keys"),
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { (about.title) } } }
        section.panel { div.body { p { "This form was sent twice, and the first is still being worked on. Your key appears among " a href="/keys" { "your keys" } " in a moment; if its secret was not shown to you, rotate it." } } }
    };
    Ok(layout::app(visit, about, &account, &content))
}

/// What an operation that reveals a gateway's secret answers.
#[derive(Deserialize)]
pub(crate) struct GatewaySecret {
    #[serde(default)]
    pub(crate) secret: Option<String>,
}
