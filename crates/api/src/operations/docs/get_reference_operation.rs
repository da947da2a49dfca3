//! `GET /docs/references/{slug}/operations/{operation}`

use axum::extract::Path;
use axum::response::Response;
use gatewright_portal::reference::{self, TagName};
use gatewright_spec::model::{Operation, OperationLink};
use gatewright_spec::place::Place;
use gatewright_types::slug::Slug;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::reader::{Reader, ReferenceHead, raw};
use crate::error::ApiError;

/// One operation with everything that its page needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferenceOperation {
    /// Whose it is.
    reference: ReferenceHead,
    /// The operation.
    #[schema(value_type = Operation)]
    operation: Box<RawValue>,
    /// The group it stands in; null where it stands in none.
    tag: Option<TagName>,
    /// What stands before it.
    previous: Option<OperationLink>,
    /// What stands behind it.
    next: Option<OperationLink>,
    /// Where it can be called.
    places: Vec<Place>,
}

/// Get one operation or webhook of an API reference.
#[utoipa::path(get, path = "/docs/references/{slug}/operations/{operation}", tag = "Docs", params(("slug" = Slug, Path), ("operation" = String, Path)), responses((status = 200, description = "The operation", body = ReferenceOperation)))]
pub(crate) async fn get_reference_operation(
    mut reader: Reader,
    Path((slug, operation)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let (mut tx, head) = reader.head(&slug).await?;
    let kept = reference::operation(&mut tx, &head, &operation).await?;
    let around = kept.around();
    let reached = reader.state().playground().reached(&mut tx, head.product_id).await?;
    let mut places: Vec<Place> = reached.into_iter().map(|one| one.place).collect();
    if places.is_empty() {
        // For samples; nobody calls them from here.
        places = around.places();
    }
    reader.json(&ReferenceOperation {
        places,
        reference: head.into(),
        operation: raw(kept.operation)?,
        tag: around.tag,
        previous: around.previous,
        next: around.next,
    })
}
