//! The two frames: a card alone, and a page with a bar above it.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

use crate::assets;
use crate::client::Problem;
use crate::icons::{icon, large};
use crate::model::Account;
use crate::parts::initials;
use crate::return_to;
use crate::theme::Theme;
use crate::visit::{ORIGIN_ONLY, Visit};

/// What a page is beside its content.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) title: &'a str,
    /// Whose page it is; empty: the installation's.
    pub(crate) tenant: &'a str,
    /// Whether its script for passkeys is needed.
    pub(crate) passkeys: bool,
    /// Whether its script for secrets that are shown once is needed.
    pub(crate) secrets: bool,
    /// Whether the address holds a token.
    pub(crate) token_in_address: bool,
    /// Where the page goes on by itself.
    pub(crate) onward: Option<&'a str>,
    /// Whether search engines may list it.
    pub(crate) indexed: bool,
    /// What more stands in its head.
    pub(crate) head: Option<&'a Markup>,
}

/// A card alone in the middle.
pub(crate) fn gate(visit: &Visit, about: About<'_>, card: &Markup) -> Response {
    let body = html! {
        body.gate {
            a.skip href="#main" { "Skip to content" }
            header.bar {
                (brand(visit, about.tenant))
                div.push { (themes(visit)) }
            }
            main id="main" { (card) }
            footer.foot { a href="/" { "Home" } a href="/errors" { "Problem codes" } span { "Runs on Gatewright" } }
        }
    };
    document(visit, about, &body)
}

/// A card's mark, title and what it is about.
pub(crate) fn heading(mark: &str, title: &str, about: &Markup) -> Markup {
    let kind = match mark {
        "check" => "good",
        "alert" => "bad",
        _ => "",
    };
    html! {
        @if !mark.is_empty() { div class={ "mark " (kind) } { (large(mark)) } }
        header {
            h1 { (title) }
            p { (about) }
        }
    }
}

/// A page of somebody who is signed in.
pub(crate) fn app(visit: &Visit, about: About<'_>, account: &Account, content: &Markup) -> Response {
    let about = About {
        tenant: &account.tenant.name,
        ..about
    };
    site(visit, about, Some(account), content)
}

/// A page of the tenant's site, for whoever looks at it.
pub(crate) fn site(visit: &Visit, about: About<'_>, account: Option<&Account>, content: &Markup) -> Response {
    let body = html! {
        body.app {
            (bar(visit, about.tenant, account))
            main id="main" { (content) }
            (foot())
        }
    };
    document(visit, about, &body)
}

/// Above every page of the site: where one is, what there is, and who one is.
fn bar(visit: &Visit, tenant: &str, account: Option<&Account>) -> Markup {
    html! {
        a.skip href="#main" { "Skip to content" }
        header.bar {
            (brand(visit, tenant))
            nav.places aria-label="Places" {
                @for (path, label) in places(account) {
                    a href=(path) aria-current=[is_at(visit.path(), path).then_some("true")] { (label) }
                }
            }
            (search_box())
            @match account {
                Some(account) => (user_menu(visit, account)),
                None => {
                    (themes(visit))
                    a.button.small href=(return_to::with("/sign-in", return_to::local(visit.address()))) { "Sign in" }
                }
            }
        }
    }
}

/// Whether a page belongs to a place; the catalog is the place of its products.
fn is_at(page: &str, place: &str) -> bool {
    match place {
        "/" => page == "/" || page.starts_with("/products/") || page.starts_with("/subscribe/"),
        "/console/people" => page.starts_with("/console"),
        place => page.starts_with(place),
    }
}

/// A page of the installation that everybody sees.
pub(crate) fn open(visit: &Visit, about: About<'_>, content: &Markup) -> Response {
    let body = html! {
        body.app {
            a.skip href="#main" { "Skip to content" }
            header.bar {
                (brand(visit, about.tenant))
                div.push { (themes(visit)) }
            }
            main id="main" { (content) }
            (foot())
        }
    };
    document(visit, about, &body)
}

/// A page that everybody may read, with its own columns below the bar.
pub(crate) fn wide(visit: &Visit, about: About<'_>, account: Option<&Account>, content: &Markup) -> Response {
    let body = html! {
        body.app.wide {
            (bar(visit, about.tenant, account))
            (content)
            (foot())
        }
    };
    document(visit, about, &body)
}

/// Where one begins to search: a form without a script, and what opens the palette with one.
pub(crate) fn search_box() -> Markup {
    html! {
        form.search role="search" action="/search" data-palette=[assets::address("palette.js")] {
            (icon("search"))
            input name="q" type="search" placeholder="Search" aria-label="Search the documentation" maxlength="200" autocomplete="off" spellcheck="false";
            kbd hidden { "⌘K" }
        }
    }
}

/// The same page with the status of what went wrong.
pub(crate) fn with_status(mut response: Response, problem: Option<&Problem>) -> Response {
    if let Some(problem) = problem {
        *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = problem.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
    }
    response
}

/// Where somebody can go, by what they are.
fn places(account: Option<&Account>) -> Vec<(&'static str, &'static str)> {
    let mut places = vec![("/", "Products"), ("/docs", "Docs")];
    if account.is_some_and(Account::is_active_developer) {
        places.extend([
            ("/keys", "Keys"),
            ("/subscriptions", "Subscriptions"),
            ("/team", "Team"),
        ]);
    }
    if account.is_some_and(|account| account.operator.is_some()) {
        places.push(("/console/people", "Console"));
    }
    places
}

fn user_menu(visit: &Visit, account: &Account) -> Markup {
    let person = &account.person;
    html! {
        details.menu.push {
            summary {
                span.avatar { (initials(&person.name, 2)) }
                (icon("chevron"))
                span.visually-hidden { "Your menu" }
            }
            div {
                div.who {
                    strong { (person.name) }
                    div.soft.small { (person.email) }
                }
                a.item href="/account" { (icon("id")) "Account" }
                a.item href="/account/security" { (icon("shield")) "Security" }
                div.item { (icon("system")) span { "Theme" } div.push { (themes(visit)) } }
                form method="post" action="/sign-out" { button.item { (icon("leave")) "Sign out" } }
            }
        }
    }
}

fn brand(visit: &Visit, tenant: &str) -> Markup {
    let name = name(visit, tenant);
    html! {
        a.brand href="/" {
            @match visit.brand().logo() {
                Some(logo) => img.logo src=(logo) alt="" height="28";,
                None => span.monogram aria-hidden="true" { (initials(name, 1)) },
            }
            span { (name) }
        }
    }
}

/// What the pages here call themselves.
fn name<'a>(visit: &'a Visit, tenant: &'a str) -> &'a str {
    match (visit.brand().name.as_str(), tenant) {
        ("", "") => "Gatewright",
        ("", tenant) => tenant,
        (name, _) => name,
    }
}

fn themes(visit: &Visit) -> Markup {
    html! {
        form.themes method="post" action="/theme" {
            input type="hidden" name="returnTo" value=(visit.path());
            @for theme in Theme::ALL {
                @let (drawing, label) = match theme {
                    Theme::System => ("system", "Colors of the system"),
                    Theme::Light => ("sun", "Light"),
                    Theme::Dark => ("moon", "Dark"),
                };
                button name="theme" value=(theme.as_str()) title=(label) aria-label=(label)
                    aria-pressed=(if visit.theme() == theme { "true" } else { "false" }) { (icon(drawing)) }
            }
        }
    }
}

fn foot() -> Markup {
    html! {
        footer.foot {
            a href="/api/v1/openapi.json" { "API description" }
            a href="/errors" { "Problem codes" }
            span { "Runs on Gatewright" }
        }
    }
}

fn document(visit: &Visit, about: About<'_>, body: &Markup) -> Response {
    let tenant = name(visit, about.tenant);
    let mut scripts: Vec<String> = assets::address("enhance.js").into_iter().collect();
    if about.passkeys {
        scripts.extend(assets::address("passkeys.js"));
    }
    if about.secrets {
        scripts.extend(assets::address("secrets.js"));
    }
    let text = html! {
        (DOCTYPE)
        html lang="en" data-theme=(visit.theme().as_str()) {
            head {
                meta charset="utf-8";
                title { @if about.title != tenant { (about.title) " · " } (tenant) }
                meta name="viewport" content="width=device-width, initial-scale=1";
                @if !about.indexed { meta name="robots" content="noindex"; }
                @if let Some(head) = about.head { (head) }
                @if let Some(onward) = about.onward { meta http-equiv="refresh" content={ "0;url=" (onward) }; }
                link rel="icon" href=(visit.brand().icon());
                @if let Some(style) = assets::address("main.css") { link rel="stylesheet" href=(style); }
                @if let Some(style) = visit.brand().style() { link rel="stylesheet" href=(style); }
                @for script in scripts { script type="module" src=(script) {} }
            }
            (body)
        }
    };
    let mut response = Response::new(Body::from(text.into_string()));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    if about.token_in_address {
        headers.insert(header::REFERRER_POLICY, ORIGIN_ONLY);
    }
    response
}
