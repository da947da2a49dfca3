//! Codes from an authenticator app (RFC 6238): the secret is shown once, as a drawing and as text.

use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;
use serde_json::json;

use super::account;
use crate::client::Problem;
use crate::failure::Failure;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::model::Account;
use crate::parts::{Field, alert};
use crate::visit::{Visit, read};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolled {
    secret: String,
    otpauth_url: String,
}

/// On or off.
pub(super) fn panel(account: &Account) -> Markup {
    let on = account.second_factors.totp;
    html! {
        section.panel {
            header {
                div {
                    h2 { "Authenticator app " @if on { span.badge.good { "On" } } }
                    p { "Six digits that change every 30 seconds, asked for beside your password." }
                }
                form method="post" action="/account/security" {
                    @if on { button.button.danger name="do" value="totp-off" { "Switch off" } }
                    @else { button.button name="do" value="totp" { "Set up" } }
                }
            }
        }
    }
}

/// Makes a secret and shows it.
pub(super) async fn enroll(visit: &Visit) -> Result<Response, Problem> {
    let enrolled: Enrolled = read(visit.post("/api/v1/account/totp", &json!({})).await?)?;
    let account = account(visit).await?;
    let about = About {
        title: "Set up an authenticator app",
        tenant: &account.tenant.name,
        ..About::default()
    };
    let card = html! {
        section.card.wide {
            (heading("shield", about.title, &html! { "Scan this with the app, then enter what it shows." }))
            div.stack {
                div.beside-qr {
                    (drawing(&enrolled.otpauth_url))
                    (confirm(None))
                }
                div.field {
                    label for="secret" { "Or type this key" span.aside { "shown only now" } }
                    div.secret {
                        input.input id="secret" value=(enrolled.secret) readonly;
                        button.button type="button" data-copy="#secret" hidden { (icon("copy")) span data-label { "Copy" } }
                    }
                }
            }
        }
        p.beside { a href="/account/security" { "Not now" } }
    };
    Ok(layout::gate(visit, about, &card))
}

/// The code was wrong; the secret is not shown a second time.
pub(super) async fn again(visit: &Visit, problem: &Problem) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let about = About {
        title: "That code did not fit",
        tenant: &account.tenant.name,
        ..About::default()
    };
    let card = html! {
        section.card {
            (heading("shield", about.title, &html! { "Wait for the next one. Is the clock of your phone right?" }))
            (alert(Some(problem), &["code"]))
            (confirm(Some(problem)))
        }
        p.beside { a href="/account/security" { "Start over" } }
    };
    Ok(layout::with_status(layout::gate(visit, about, &card), Some(problem)))
}

fn confirm(problem: Option<&Problem>) -> Markup {
    html! {
        form.stack method="post" action="/account/security" {
            (Field { name: "code", label: "Code", autocomplete: "one-time-code", digits: true, max_length: Some(7), focused: true, problem, ..Field::default() }.show())
            button.button.primary.block name="do" value="totp-confirm" { "Confirm" }
        }
    }
}

/// A QR code as one path; one unit is one module.
fn drawing(text: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        return html! {};
    };
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let label = "QR code with the key below";
    PreEscaped(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\">\
         <path fill=\"currentColor\" d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::drawing;

    #[test]
    fn a_secret_is_drawn_without_being_written() {
        let svg = drawing("otpauth://totp/Acme:ada@example.com?secret=JBSWY3DPEHPK3PXP&issuer=Acme").into_string();
        assert!(svg.starts_with("<svg") && svg.contains("M0 0h1v1h-1z") && !svg.contains("JBSWY3DPEHPK3PXP"));
    }
}
