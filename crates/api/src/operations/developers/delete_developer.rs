//! `DELETE /developers/{id}`

use axum::response::Response;
use gatewright_identity::developers;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::DeveloperId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Remove a developer from their customer; the person can still sign in, and is nobody here. Keys are not touched.
#[utoipa::path(delete, path = "/developers/{id}", tag = "People", params(("id" = DeveloperId, Path)), responses((status = 204, description = "Removed")))]
pub(crate) async fn delete_developer(Id(id): Id<DeveloperId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    developers::remove(work.tx(), id, true).await?;
    work.deleted(Effects::default()).await
}
