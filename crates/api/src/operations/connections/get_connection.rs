//! `GET /connections/{id}`

use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;

/// Get a connected gateway: how it is reached, what was found there, and its circuit breaker.
#[utoipa::path(get, path = "/connections/{id}", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn get_connection(operator: Operator, Id(id): Id<GatewayId>) -> Result<Tagged<Connection>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(connections::get(&mut tx, id).await?))
}
