//! `/console/people`: for operators. Who works for the tenant, who comes in from outside, and how.

pub(crate) mod developers;
pub(crate) mod docs;
pub(crate) mod operators;
pub(crate) mod portal;
pub(crate) mod providers;
pub(crate) mod settings;

use axum::response::Response;
use maud::{Markup, html};

use crate::account;
use crate::client::Problem;
use crate::icons::icon;
use crate::layout::{self, About};
use crate::model::Account;
use crate::parts::note;
use crate::visit::Visit;

const TABS: [(&str, &str, &str); 6] = [
    ("/console/people", "building", "Operators"),
    ("/console/people/developers", "team", "Developers"),
    ("/console/people/sign-up", "mail", "Sign-up"),
    ("/console/people/providers", "world", "Providers"),
    ("/console/portal", "sun", "Portal"),
    ("/console/docs", "book", "Docs"),
];

/// Whoever is signed in, who has to be an operator.
async fn operator(visit: &Visit) -> Result<Account, Problem> {
    let account = account::account(visit).await?;
    if account.operator.is_none() {
        return Err(Problem::of(
            403,
            "forbidden",
            "This page is for operators of the tenant.",
        ));
    }
    Ok(account)
}

/// A page of the console with its tabs.
fn page(visit: &Visit, account: &Account, about: About<'_>, content: &Markup) -> Response {
    let content = html! {
        div.head { div {
            @if visit.path().starts_with("/console/people") { h1 { "People" } p { "Who works for " (account.tenant.name) ", and who comes in." } }
            @else { h1 { (about.title) } p { "What everybody sees of " (account.tenant.name) "." } }
        } }
        div.sides {
            nav.tabs aria-label="Console" {
                @for (path, drawing, label) in TABS {
                    a href=(path) aria-current=[is_at(visit.path(), path).then_some("page")] { (icon(drawing)) (label) }
                }
            }
            div { (content) }
        }
    };
    layout::app(visit, about, account, &content)
}

/// Whether a page is below a tab.
fn is_at(here: &str, tab: &str) -> bool {
    here == tab || tab == docs::PATH && here.starts_with(docs::PATH)
}

/// Whether a form's failure is for another page than its own.
fn leads_elsewhere(problem: &Problem) -> bool {
    problem.is("reauthentication-required") || problem.status == 401
}

/// The link to older items of a list.
fn older(path: &str, cursor: Option<&str>) -> Markup {
    html! {
        @if let Some(cursor) = cursor {
            footer { a href={ (path) "?cursor=" (crate::return_to::encoded(cursor)) } { "Older" } }
        }
    }
}

fn notice(name: &str) -> Markup {
    let text = match name {
        "invited" => "The invitation is on its way.",
        "withdrawn" => "The invitation is withdrawn; its link no longer works.",
        "saved" => "Saved.",
        "removed" => "Removed. Their sessions have ended.",
        "approved" => "Let in. They get a mail.",
        "suspended" => "Suspended. Their sessions have ended.",
        "added" => "The provider is added. Register its redirect address there, then try it in a private window.",
        _ => return html! {},
    };
    note("good", text)
}
