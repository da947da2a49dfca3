//! What an API's description says, as people and programs read it.
//!
//! A page is one answer of the API and the navigation of its reference, which is remembered by its revision (`ask`). What is
//! shown of a schema is counted ([`limits`]), so that a page stays small whatever a description holds. Each page has a twin in
//! Markdown at the same address with `.md` behind it (`twin`), and is compressed and compared by its entity tag (`deliver`).
//!
//! Start with `operation`; `html` has what pages are made of, `words` what both pages and twins say of a schema.

mod answers;
mod ask;
mod deliver;
mod frame;
mod html;
mod index;
mod limits;
mod list;
mod operation;
mod overview;
mod schema;
mod search;
mod tag;
mod twin;
mod words;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::get;

use crate::Pages;

pub(crate) use ask::{Navigations, first_operation};
pub(crate) use deliver::compression;
pub(crate) use frame::viewer;

/// The pages of every reference.
pub(crate) fn router() -> Router<Pages> {
    let documents = Router::new()
        .route("/docs", get(list::show))
        .route("/docs.md", get(list::twin))
        .route("/docs/{reference}", get(overview::show))
        .route("/docs/{reference}/openapi.json", get(overview::json))
        .route("/docs/{reference}/openapi.yaml", get(overview::yaml))
        .route("/docs/{reference}/operations/{operation}", get(operation::show))
        .route("/docs/{reference}/tags/{tag}", get(tag::show))
        .route("/docs/{reference}/schemas/{schema}", get(schema::show))
        .route("/llms.txt", get(index::llms))
        .route("/robots.txt", get(index::robots))
        .route("/sitemap.xml", get(index::sitemap))
        .route("/sitemap/{number}", get(index::sitemap_part));
    documents
        .layer(from_fn(deliver::compare))
        .layer(deliver::compression())
        .route("/search", get(search::show))
}
