//! `GET /connections/{id}`

use axum::Json;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a connected gateway: how it is reached, what was found there, and its circuit breaker.
#[utoipa::path(get, path = "/connections/{id}", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn get_connection(operator: Operator, Id(id): Id<GatewayId>) -> Result<Json<Connection>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(connections::get(&mut tx, id).await?))
}
