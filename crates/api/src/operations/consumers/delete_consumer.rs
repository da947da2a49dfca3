//! `DELETE /consumers/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_native::consumers;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::ConsumerId;

/// Delete an API consumer; its keys are revoked.
#[utoipa::path(delete, path = "/consumers/{id}", tag = "API consumers", params(("id" = ConsumerId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_consumer(Id(id): Id<ConsumerId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let changes = consumers::delete(work.tx(), id).await?;
    work.deleted(Effects::access(changes)).await
}
