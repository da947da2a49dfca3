//! `/docs`: every reference that there is.

use axum::response::Response;
use maud::{Markup, html};

use super::answers::Listed;
use super::frame::{Said, page, viewer};
use super::twin;
use crate::client::Problem;
use crate::failure::Failure;
use crate::icons::large;
use crate::model::Items;
use crate::visit::Visit;

/// The references that the visitor may read.
pub(crate) async fn all(visit: &Visit) -> Result<Vec<Listed>, Problem> {
    let list: Items<Listed> = visit.get("/api/v1/docs/references").await?;
    Ok(list.items)
}

pub(crate) async fn show(visit: Visit) -> Result<Response, Failure> {
    let items = all(&visit).await?;
    let viewer = viewer(&visit).await?;
    let said = Said {
        title: "Documentation",
        description: format!("API reference of {}", viewer.tenant),
        path: "/docs".to_owned(),
        steps: vec![],
        about: None,
        twin: true,
        indexed: true,
    };
    let content = html! {
        main.catalog id="main" {
            div.head { div { h1 { "Documentation" } p { "What the APIs of " (viewer.tenant) " do, and how to call them." } } }
            @if items.is_empty() {
                section.panel { div.body {
                    p { "No API is described here yet." }
                    @if viewer.account.as_ref().is_some_and(|account| account.operator.is_some()) {
                        p.soft { a href="/console/docs" { "Add a description" } " in OpenAPI, by its address or as a file." }
                    }
                } }
            }
            div.tiles { @for item in &items { (tile(item)) } }
        }
    };
    Ok(page(&visit, &viewer, &said, &content))
}

/// `GET /docs.md`
pub(crate) async fn twin(visit: Visit) -> Result<Response, Failure> {
    let items = all(&visit).await?;
    Ok(twin::answer(&twin::overview::list(&visit.origin(), &items)))
}

fn tile(item: &Listed) -> Markup {
    html! {
        a href={ "/docs/" (item.slug) } {
            (large("book"))
            strong { (item.title) }
            @if !item.summary.is_empty() { span.about { (item.summary) } }
            span { (item.operations) @if item.operations == 1 { " operation" } @else { " operations" } " · version " (item.version) @if !item.product_name.is_empty() && item.product_name != item.title { " · " (item.product_name) } }
        }
    }
}
