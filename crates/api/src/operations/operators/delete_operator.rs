//! `DELETE /operators/{id}`

use axum::response::Response;
use gatewright_identity::operators;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::OperatorId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Delete an operator with its tokens.
///
/// You need every permission of its role. The last active owner stays.
#[utoipa::path(delete, path = "/operators/{id}", tag = "Operators", params(("id" = OperatorId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_operator(Id(id): Id<OperatorId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let by = work.granter();
    operators::delete(work.tx(), by, id).await?;
    work.deleted(Effects::default()).await
}
