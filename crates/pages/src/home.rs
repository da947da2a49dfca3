//! `/`: what the tenant of this host sells, and what is next for whoever looks; or, where there is no tenant yet, what runs here.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use crate::Pages;
use crate::failure::Failure;
use crate::icons::large;
use crate::layout::{self, About};
use crate::model::{Account, SignInOptions};
use crate::parts::note;
use crate::portal::catalog::Catalog;
use crate::portal::first_run::FirstRun;
use crate::visit::Visit;

pub(crate) async fn show(State(pages): State<Pages>, visit: Visit) -> Result<Response, Failure> {
    match visit.get::<Account>("/api/v1/account").await {
        Ok(account) => return signed_in(&visit, &account).await,
        Err(problem) if problem.status == 401 || problem.status == 404 => {}
        Err(problem) => return Err(problem.into()),
    }
    match visit.get::<SignInOptions>("/api/v1/sign-in-options").await {
        Ok(options) => welcome(&visit, &options).await,
        Err(problem) if problem.status == 404 => Ok(installation(&visit, &pages)),
        Err(problem) => Err(problem.into()),
    }
}

async fn welcome(visit: &Visit, options: &SignInOptions) -> Result<Response, Failure> {
    let catalog = Catalog::read(visit).await?;
    let name = if visit.brand().name.is_empty() {
        &options.tenant.name
    } else {
        &visit.brand().name
    };
    let description =
        html! { meta name="description" content={ "The APIs of " (name) ": plans, documentation and keys." }; };
    let about = About {
        title: name,
        tenant: name,
        indexed: true,
        head: Some(&description),
        ..About::default()
    };
    let content = html! {
        section.hero {
            h1 { (name) " for developers" }
            p { "Choose a plan, get a key, and make the first call in a minute." }
            div.row {
                @if options.sign_up != "BY_INVITATION" { a.button.primary.large href="/sign-up" { "Create an account" } }
                a.button.large href="/sign-in" { "Sign in" }
            }
        }
        section aria-labelledby="products" {
            h2.section id="products" { "Products" }
            (catalog.show())
        }
    };
    Ok(layout::site(visit, about, None, &content))
}

async fn signed_in(visit: &Visit, account: &Account) -> Result<Response, Failure> {
    let first = account.person.name.split_whitespace().next().unwrap_or_default();
    let is_pending = account
        .developer
        .as_ref()
        .is_some_and(|developer| developer.state == "PENDING");
    let catalog = Catalog::read(visit).await?;
    let next = if account.is_active_developer() {
        FirstRun::find(visit, &catalog).await?
    } else {
        None
    };
    let content = html! {
        div.head {
            div {
                h1 { "Hello, " (first) }
                p { (visit.brand().name) @if let Some(developer) = &account.developer { " · " (developer.customer.name) } }
            }
        }
        @if is_pending {
            (note("warn", &format!("{} has to let you in first. You get a mail when that is done.", account.tenant.name)))
        }
        @if let Some(next) = &next { (next.show()) }
        @if account.operator.is_some() {
            div.tiles {
                (tile("/console/people", "building", "People", "Operators, developers, sign-up, providers"))
                (tile("/console/portal", "sun", "Portal", "Name, logo and color of these pages"))
            }
        }
        section aria-labelledby="products" {
            h2.section id="products" { "Products" }
            (catalog.show())
        }
    };
    let about = About {
        title: "Home",
        ..About::default()
    };
    Ok(layout::app(visit, about, account, &content))
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
