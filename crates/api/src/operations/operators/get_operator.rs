//! `GET /operators/{id}`

use axum::Json;
use gatewright_identity::model;
use gatewright_identity::operators;
use gatewright_types::ids::OperatorId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get an operator.
#[utoipa::path(get, path = "/operators/{id}", tag = "Operators", params(("id" = OperatorId, Path)), responses((status = 200, description = "The operator", body = model::Operator)))]
pub(crate) async fn get_operator(
    operator: Operator,
    Id(id): Id<OperatorId>,
) -> Result<Json<model::Operator>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(operators::get(&mut tx, id).await?))
}
