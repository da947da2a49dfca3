//! `/search`: what is found, without a script; the palette in `web/islands/palette.ts` asks the same operation.

use axum::extract::RawQuery;
use axum::response::Response;
use maud::{Markup, html};

use super::answers::Found;
use super::frame::{Said, page, viewer};
use super::limits::{QUERY_MAX_CHARS, RESULTS_MAX, TITLE_MAX_CHARS};
use super::words::shortened;
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::model::Items;
use crate::return_to;
use crate::visit::Visit;

/// The kinds of what is found, in the order in which they are shown.
const KINDS: [(&str, &str); 6] = [
    ("REFERENCE", "APIs"),
    ("PAGE", "Guides"),
    ("OPERATION", "Operations"),
    ("TAG", "Groups"),
    ("SCHEMA", "Schemas"),
    ("THREAD", "Forum"),
];

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let asked: String = form.text("q").chars().take(QUERY_MAX_CHARS).collect();
    let viewer = viewer(&visit).await?;
    let found = if asked.is_empty() {
        Vec::new()
    } else {
        find(&visit, &asked).await?
    };
    let said = Said {
        title: "Search",
        description: String::new(),
        path: "/search".to_owned(),
        steps: vec![],
        about: None,
        twin: false,
        indexed: false,
    };
    let content = html! {
        main.catalog.results id="main" {
            h1 { "Search" }
            form.row.fields action="/search" {
                div.field { label for="q" { "Operations, schemas, words of the documentation" }
                    input.input id="q" name="q" type="search" value=(asked) maxlength=(QUERY_MAX_CHARS) autocomplete="off" autofocus[asked.is_empty()]; }
                button.button.primary { "Search" }
            }
            (results(&asked, &found))
        }
    };
    Ok(page(&visit, &viewer, &said, &content))
}

async fn find(visit: &Visit, asked: &str) -> Result<Vec<Found>, Problem> {
    let path = format!(
        "/api/v1/docs/search?q={}&limit={RESULTS_MAX}",
        return_to::encoded(asked)
    );
    let found: Items<Found> = visit.get(&path).await?;
    Ok(found.items)
}

fn results(asked: &str, found: &[Found]) -> Markup {
    html! {
        @if asked.is_empty() { p.soft { "Type a few letters of a name or a path, as in " code { "translate" } " or " code { "/v1/…" } "." } }
        @else if found.is_empty() {
            div.none role="status" {
                p { "Nothing is found for “" (asked) "”." }
                p.soft { "Fewer or shorter words find more. " a href="/docs" { "All of the documentation" } }
            }
        } @else {
            p.soft role="status" { (found.len()) @if found.len() == 1 { " result" } @else { " results" } @if found.len() == RESULTS_MAX { ", the best ones; more words tell them apart" } }
            @for (kind, name) in KINDS {
                @let of_kind: Vec<&Found> = found.iter().filter(|one| one.kind == kind).collect();
                @if !of_kind.is_empty() {
                    section { h2 { (name) } ul.found { @for one in of_kind { (result(one)) } } }
                }
            }
        }
    }
}

fn result(one: &Found) -> Markup {
    let path = return_to::local(&one.path).unwrap_or("/docs");
    let (method, context) = one.called();
    html! {
        li { a href=(path) {
            @if !method.is_empty() { span class={ "method " (method.to_lowercase()) } { (method) } }
            strong { (shortened(&one.title, TITLE_MAX_CHARS)) } span.soft { (context) }
            @if !one.excerpt.is_empty() { span.excerpt { (one.excerpt) } }
        } }
    }
}
