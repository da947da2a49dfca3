//! `/`: the tenant's first page, or, where there is no tenant yet, what runs here.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::Pages;
use crate::failure::Failure;
use crate::icons::large;
use crate::layout::{self, About, heading};
use crate::model::{Account, SignInOptions};
use crate::parts::note;
use crate::visit::Visit;

pub(crate) async fn show(State(pages): State<Pages>, visit: Visit) -> Result<Response, Failure> {
    match visit.get::<Account>("/api/v1/account").await {
        Ok(account) => return Ok(signed_in(&visit, &account)),
        Err(problem) if problem.status == 401 || problem.status == 404 => {}
        Err(problem) => return Err(problem.into()),
    }
    match visit.get::<SignInOptions>("/api/v1/sign-in-options").await {
        Ok(options) => Ok(welcome(&visit, &options, &pages)),
        Err(problem) if problem.status == 404 => Ok(installation(&visit, &pages)),
        Err(problem) => Err(problem.into()),
    }
}

fn welcome(visit: &Visit, options: &SignInOptions, pages: &Pages) -> Response {
    let name = &options.tenant.name;
    let about = About {
        title: name,
        tenant: name,
        ..About::default()
    };
    let card = html! {
        section.card {
            (heading("", &format!("{name} for developers"), &html! { "Sign in to look after your account and your team." }))
            div.stack.tight {
                a.button.primary.block href="/sign-in" { "Sign in" }
                @if options.sign_up != "BY_INVITATION" { a.button.block href="/sign-up" { "Create an account" } }
            }
        }
        p.beside.small {
            "API " a href="/api/v1/openapi.json" { "description" }
            @if let Some(gateway) = &pages.0.gateway_url { " · Gateway " code { (gateway) } }
        }
    };
    layout::gate(visit, about, &card)
}

fn signed_in(visit: &Visit, account: &Account) -> Response {
    let first = account.person.name.split_whitespace().next().unwrap_or_default();
    let pending = account
        .developer
        .as_ref()
        .filter(|developer| developer.state == "PENDING");
    let active = account
        .developer
        .as_ref()
        .filter(|developer| developer.state == "ACTIVE");
    let content = html! {
        div.head {
            div {
                h1 { "Hello, " (first) }
                p { (account.tenant.name) @if let Some(developer) = &account.developer { " · " (developer.customer.name) } }
            }
        }
        @if pending.is_some() {
            (note("warn", &format!("{} has to let you in first. You get a mail when that is done.", account.tenant.name)))
        }
        div.tiles {
            (tile("/account", "id", "Account", "Your name, your address, other tenants"))
            (tile("/account/security", "shield", "Security", "Password, second factor, passkeys"))
            (tile("/account/sessions", "device", "Sessions", "Where you are signed in"))
            @if active.is_some() { (tile("/team", "team", "Team", "Colleagues and invitations")) }
            @if account.operator.is_some() {
                (tile("/console/people", "building", "People", "Operators, developers, sign-up, providers"))
            }
        }
    };
    let about = About {
        title: "Home",
        ..About::default()
    };
    layout::app(visit, about, account, &content)
}

fn tile(path: &str, drawing: &str, label: &str, about: &str) -> Markup {
    html! { a href=(path) { (large(drawing)) strong { (label) } span { (about) } } }
}

fn installation(visit: &Visit, pages: &Pages) -> Response {
    let about = About {
        title: "Gatewright",
        ..About::default()
    };
    let content = html! {
        div.head { div { h1 { "Gatewright" } p { "Version " (pages.0.version) ". The control plane runs here and has no tenant yet." } } }
        section.panel {
            div.body {
                dl.facts {
                    dt { "API description" } dd { a href="/api/v1/openapi.json" { "/api/v1/openapi.json" } " (OpenAPI 3.1)" }
                    dt { "API" } dd { code { "/api/v1" } ", with " code { "Authorization: Bearer gwo_…" } }
                    dt { "Gateway" } dd { @match &pages.0.gateway_url { Some(url) => a href=(url) { (url) }, None => "none in this process" } }
                    dt { "Health" } dd { a href="/health/live" { "/health/live" } " · " a href="/health/ready" { "/health/ready" } }
                    dt { "Problems" } dd { a href="/errors" { "/errors" } ": a page for every code" }
                }
            }
        }
    };
    layout::open(visit, about, &content)
}
