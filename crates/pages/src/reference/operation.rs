//! `/docs/{reference}/operations/{operation}`: one operation, complete.

use axum::extract::Path;
use axum::response::Response;
use gatewright_spec::model::{Callback, Location, Operation, OperationKind, OperationLink, Parameter};
use gatewright_spec::place::Place;
use maud::{Markup, html};

use super::answers::OneOperation;
use super::frame::{Here, Said, Viewer, columns, navigation, page, viewer};
use super::html::field::parameters;
use super::html::tree::Trees;
use super::html::{self, body, breadcrumb, external, heading, method, prose, side};
use super::limits::TITLE_MAX_CHARS;
use super::words::{place, requirement, shortened};
use super::{ask, twin};
use crate::failure::Failure;
use crate::icons::icon;
use crate::parts::note;
use crate::return_to;
use crate::visit::Visit;

/// The order in which places of parameters are shown.
const PLACES: [Location; 5] = [
    Location::Path,
    Location::Query,
    Location::QueryString,
    Location::Header,
    Location::Cookie,
];

pub(crate) async fn show(visit: Visit, Path((reference, name)): Path<(String, String)>) -> Result<Response, Failure> {
    if let Some(name) = name.strip_suffix(".md") {
        let one = ask::operation(&visit, &reference, name).await?;
        return Ok(twin::answer(&twin::operation::text(&visit.origin(), &one)));
    }
    let one = ask::operation(&visit, &reference, &name).await?;
    let whole = ask::navigation(&visit, &one.reference).await?;
    let viewer = viewer(&visit).await?;
    let here = Here {
        tag: one.tag.as_ref().map_or("", |tag| &tag.slug),
        operation: &one.operation.link.slug,
        ..Here::default()
    };
    let content = columns(&navigation(&whole, here), &content(&visit, &viewer, &one));
    Ok(page(&visit, &viewer, &said(&one), &content))
}

fn steps(one: &OneOperation) -> Vec<(String, &str)> {
    let base = format!("/docs/{}", one.reference.slug);
    let mut steps = vec![
        ("/docs".to_owned(), "Docs"),
        (base.clone(), one.reference.title.as_str()),
    ];
    if let Some(tag) = &one.tag {
        steps.push((format!("{base}/tags/{}", tag.slug), &tag.name));
    }
    steps
}

fn said(one: &OneOperation) -> Said<'_> {
    let link = &one.operation.link;
    let first = one
        .operation
        .description
        .markdown
        .lines()
        .find(|line| !line.trim().is_empty());
    let description = match first {
        Some(line) => shortened(line.trim(), 160),
        None => format!("{} {} of {}", link.method, link.path, one.reference.title),
    };
    Said {
        title: &link.title,
        description,
        path: format!("/docs/{}/operations/{}", one.reference.slug, link.slug),
        steps: steps(one),
        about: Some(&one.reference),
        twin: true,
        indexed: true,
    }
}

fn content(visit: &Visit, viewer: &Viewer, one: &OneOperation) -> Markup {
    let operation = &one.operation;
    let sign_in = return_to::with("/sign-in", return_to::local(visit.address()));
    let is_called = operation.link.kind == OperationKind::Operation;
    html! {
        article.doc.operation {
            div.doc-head {
                (breadcrumb(&steps(one)))
                h1 { (html::title(&operation.link)) }
                (endpoint(one))
                @if operation.link.deprecated { (note("warn", "This operation is deprecated and may be taken away. Do not use it for anything new.")) }
                @if operation.link.title.chars().count() > TITLE_MAX_CHARS { p { (operation.link.title) } }
                (prose(&operation.description))
                (external(operation.external_docs.as_ref()))
                (html::tools(&format!("/docs/{}/operations/{}", one.reference.slug, operation.link.slug), one.reference.updated_at))
            }
            aside.doc-side aria-label="Examples" {
                @if is_called {
                    (side::samples(visit, operation, &one.places))
                    (side::playground(&one.reference.slug, operation, &one.places, viewer.account.is_some(), &sign_in))
                }
                (side::answers(&operation.responses))
            }
            div.doc-body {
                @if !is_called {
                    p.callout { "Here the API calls you: it sends this request to an address of yours, and your program answers it." }
                }
                (security(operation, &one.places))
                (details(&one.reference.slug, operation))
                (neighbors(one))
            }
        }
    }
}

/// Method and address.
fn endpoint(one: &OneOperation) -> Markup {
    let link = &one.operation.link;
    if link.kind == OperationKind::Webhook {
        return html! { div.endpoint { (method(link)) code { (link.method) " " strong { (link.path) } } } };
    }
    let base = one.places.first().map_or("", |place| place.base_url.as_str());
    html! {
        div.endpoint {
            (method(link))
            code id="address" { span.base { (base) } strong { (html::path(&link.path)) } }
            button.copy type="button" hidden data-copy="#address" aria-label="Copy the address" { (icon("copy")) }
        }
    }
}

/// What has to be shown, in plain words: what the description says, and what the gateway takes.
fn security(operation: &Operation, places: &[Place]) -> Markup {
    if operation.link.kind == OperationKind::Webhook && operation.security.is_empty() {
        return html! {};
    }
    let taken = places
        .first()
        .filter(|place| place.gateway_id.is_some() && !place.credential.is_empty());
    html! {
        section {
            (heading("authorization", "Authorization"))
            @match operation.security.as_slice() {
                [] if taken.is_some() => p { "A key of yours." },
                [] => p { "Nothing has to be shown to call this." },
                [only] => { p { (requirement(only)) "." } (scopes(only)) @if operation.anonymous { p.soft { "It also works without." } } },
                several => {
                    p { "Any one of these:" }
                    ul { @for one in several { li { (requirement(one)) (scopes(one)) } } }
                    @if operation.anonymous { p.soft { "It also works without." } }
                }
            }
            @if let Some(place) = taken {
                p.values {
                    (place.name) " takes it as "
                    @for field in &place.credential { code.chip { (field.name) ": " (field.prefix) "$" (field.variable) } " " }
                }
            }
        }
    }
}

fn scopes(one: &gatewright_spec::model::Requirement) -> Markup {
    let scopes: Vec<&String> = one.schemes.iter().flat_map(|scheme| &scheme.scopes).collect();
    html! { @if !scopes.is_empty() { p.values { "With " @for scope in scopes { code.chip { (scope) } " " } } } }
}

/// Parameters, body, answers, callbacks.
fn details(reference: &str, operation: &Operation) -> Markup {
    let trees = Trees::new(reference);
    html! {
        (all_parameters(&trees, operation, ""))
        @if let Some(sent) = &operation.request_body { (body::request(&trees, sent)) }
        @if !operation.responses.is_empty() { (body::answers(&trees, &operation.responses)) }
        @if !operation.callbacks.is_empty() {
            section {
                (heading("callbacks", "Callbacks"))
                p.soft { "After this call the API calls you." }
                @for callback in &operation.callbacks { (called_back(&trees, callback)) }
            }
        }
    }
}

fn all_parameters(trees: &Trees<'_>, operation: &Operation, prefix: &str) -> Markup {
    html! {
        @for location in PLACES {
            @let here: Vec<&Parameter> = ordered(operation, location);
            @if !here.is_empty() {
                @let name = location.as_str().to_lowercase();
                section {
                    @if prefix.is_empty() { (heading(&format!("{name}-parameters"), place(location))) } @else { h3 { (place(location)) } }
                    (parameters(trees, &format!("{prefix}{name}"), &here))
                }
            }
        }
    }
}

/// Parameters of one place, those first that have to be there.
pub(crate) fn ordered(operation: &Operation, location: Location) -> Vec<&Parameter> {
    let mut here: Vec<&Parameter> = operation
        .parameters
        .iter()
        .filter(|parameter| parameter.location == location)
        .collect();
    here.sort_by_key(|parameter| !parameter.required);
    here
}

fn called_back(trees: &Trees<'_>, callback: &Callback) -> Markup {
    let called = &callback.operation;
    html! {
        details.answer {
            summary { (method(&called.link)) span { strong { (callback.name) } " " code { (callback.expression) } } }
            div.answer-body {
                (prose(&called.description))
                (all_parameters(trees, called, &format!("{}-", callback.name)))
                @if let Some(sent) = &called.request_body { h3 { "Body" } (body::plain(trees, sent)) }
                @for answer in &called.responses { p.small { "Answer with " (body::answer_line(answer)) } }
            }
        }
    }
}

fn neighbors(one: &OneOperation) -> Markup {
    let to = |link: &OperationLink, words: &str, class: &str| {
        html! {
            a class=(class) href={ "/docs/" (one.reference.slug) "/operations/" (link.slug) } {
                span.soft { (words) } strong { (html::title(link)) }
            }
        }
    };
    html! {
        nav.neighbors aria-label="Previous and next" {
            @if let Some(link) = &one.previous { (to(link, "Previous", "previous")) }
            @if let Some(link) = &one.next { (to(link, "Next", "next")) }
        }
    }
}
