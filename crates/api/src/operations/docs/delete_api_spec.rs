//! `DELETE /docs/api-specs/{id}`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::specs;
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Delete an API description with all its revisions; its pages are gone at once.
#[utoipa::path(delete, path = "/docs/api-specs/{id}", tag = "Docs", params(("id" = ApiSpecId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_api_spec(Id(id): Id<ApiSpecId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    specs::delete(work.tx(), id).await?;
    work.deleted(Effects::default()).await
}
