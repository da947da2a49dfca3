//! `GET /docs/references`

use axum::response::Response;
use gatewright_portal::reference::{self, ReferenceSummary};
use serde::Serialize;
use utoipa::ToSchema;

use super::reader::Reader;
use crate::error::ApiError;

/// Every description that can be read: at most as many as a tenant may have.
#[derive(Serialize, ToSchema)]
pub(crate) struct References {
    /// By title.
    items: Vec<ReferenceSummary>,
}

/// List the API references that one may read.
#[utoipa::path(get, path = "/docs/references", tag = "Docs", responses((status = 200, description = "All of them, by title", body = References)))]
pub(crate) async fn list_references(mut reader: Reader) -> Result<Response, ApiError> {
    let sees = reader.sees().await;
    let mut tx = reader.begin().await?;
    let items = reference::list(&mut tx, sees).await?;
    reader.json(&References { items })
}
