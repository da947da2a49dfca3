//! `GET /docs/references/{slug}/schemas/{schema}`

use axum::extract::Path;
use axum::response::Response;
use gatewright_portal::reference;
use gatewright_spec::model::NamedSchema;
use gatewright_types::slug::Slug;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::reader::{Reader, ReferenceHead, raw};
use crate::error::ApiError;

/// One schema with everything that its page needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReferenceSchema {
    /// Whose it is.
    reference: ReferenceHead,
    /// The schema.
    #[schema(value_type = NamedSchema)]
    schema: Box<RawValue>,
}

/// Get one schema of an API reference.
#[utoipa::path(get, path = "/docs/references/{slug}/schemas/{schema}", tag = "Docs", params(("slug" = Slug, Path), ("schema" = String, Path)), responses((status = 200, description = "The schema", body = ReferenceSchema)))]
pub(crate) async fn get_reference_schema(
    mut reader: Reader,
    Path((slug, schema)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let (mut tx, head) = reader.head(&slug).await?;
    let kept = reference::schema(&mut tx, &head, &schema).await?;
    reader.json(&ReferenceSchema {
        reference: head.into(),
        schema: raw(kept)?,
    })
}
