//! `PATCH /operators/{id}`

use axum::response::Response;
use gatewright_identity::model::Operator;
use gatewright_identity::operators::{self, OperatorChange};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::OperatorId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Change an operator's name, mail address, role or state.
///
/// You need every permission of its role, and of the one you give. The last active owner stays one.
#[utoipa::path(patch, path = "/operators/{id}", tag = "Operators", params(("id" = OperatorId, Path)), request_body = OperatorChange, responses((status = 200, description = "The operator", body = Operator)))]
pub(crate) async fn change_operator(
    Id(id): Id<OperatorId>,
    command: Command<OperatorChange>,
) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let by = work.granter();
    let operator = operators::change(work.tx(), by, id, change).await?;
    work.done(&operator, Effects::default()).await
}
