//! `GET /docs/references/{slug}`

use axum::extract::Path;
use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_portal::reference;
use gatewright_spec::model::Overview;
use gatewright_types::ids::{ApiRevisionId, ProductId};
use gatewright_types::slug::Slug;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::reader::{Reader, raw};
use crate::error::ApiError;

/// A schema as a list names it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SchemaName {
    /// Its part of an address.
    slug: String,
    /// Its name in the document.
    name: String,
}

/// What is said of an API as a whole.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferenceOverview {
    /// Its part of an address.
    slug: Slug,
    /// What it describes.
    product_id: ProductId,
    /// What that is called.
    product_name: String,
    /// The revision that is read.
    revision: ApiRevisionId,
    /// When it was published.
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    overview: Overview,
    /// Schemas with a page, in the order of the document.
    #[schema(value_type = Vec<SchemaName>)]
    schemas: Box<RawValue>,
}

/// Get an API reference: what is said of the API as a whole, and how to navigate it.
#[utoipa::path(get, path = "/docs/references/{slug}", tag = "Docs", params(("slug" = Slug, Path)), responses((status = 200, description = "The overview", body = ReferenceOverview)))]
pub(crate) async fn get_reference(mut reader: Reader, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let (mut tx, head) = reader.head(&slug).await?;
    let kept = reference::overview(&mut tx, &head).await?;
    let overview = serde_json::from_str(&kept.overview).map_err(super::reader::unreadable)?;
    reader.json(&ReferenceOverview {
        slug: head.slug,
        product_id: head.product_id,
        product_name: head.product_name,
        revision: head.revision_id,
        updated_at: head.published_at,
        overview,
        schemas: raw(kept.schemas)?,
    })
}
