//! `/account`: what somebody who is signed in can do for themselves.

pub(crate) mod data;
mod identities;
mod passkeys;
pub(crate) mod profile;
pub(crate) mod reauthenticate;
mod recovery;
pub(crate) mod security;
pub(crate) mod sessions;
mod totp;

use axum::response::Response;
use maud::{Markup, html};

use crate::client::Problem;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Account;
use crate::parts::note;
use crate::visit::Visit;

const TABS: [(&str, &str, &str); 4] = [
    ("/account", "id", "Profile"),
    ("/account/security", "shield", "Security"),
    ("/account/sessions", "device", "Sessions"),
    ("/account/data", "leave", "Your data"),
];

/// Whoever is signed in.
pub(crate) async fn account(visit: &Visit) -> Result<Account, Problem> {
    let mut account: Account = visit.get("/api/v1/account").await?;
    visit.brand().rename(&mut account.tenant.name);
    Ok(account)
}

/// A page of the account with its tabs.
fn page(visit: &Visit, account: &Account, about: About<'_>, content: &Markup) -> Response {
    let content = html! {
        div.head { div { h1 { "Account" } p { (account.person.email) } } }
        div.sides {
            nav.tabs aria-label="Account" {
                @for (path, drawing, label) in TABS {
                    a href=(path) aria-current=[(visit.path() == path).then_some("page")] { (icon(drawing)) (label) }
                }
            }
            div { (content) }
        }
    };
    layout::app(visit, about, account, &content)
}

/// What was done on the page before.
fn notice(name: &str) -> Markup {
    let text = match name {
        "saved" => "Saved.",
        "mail" => "We sent a link to the new address. It changes when you open it.",
        "password" => "Your password is changed. Other sessions have ended.",
        "totp-off" => "Codes from an app are no longer asked for.",
        "passkey" => "The passkey is added.",
        "passkey-renamed" => "The passkey has its new name.",
        "passkey-removed" => "The passkey is removed.",
        "linked" => "The sign-in is linked.",
        "unlinked" => "The sign-in is no longer linked.",
        "session" => "The session has ended.",
        _ => return html! {},
    };
    note("good", text)
}
