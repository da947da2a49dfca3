//! `GET /connections/{id}/capabilities`

use axum::Json;
use axum::extract::State;
use gatewright_connectors::Capabilities;
use gatewright_orchestration::connections;
use gatewright_types::ids::GatewayId;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get what a connected gateway can do, as it is set up.
#[utoipa::path(get, path = "/connections/{id}/capabilities", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "What it can do", body = Capabilities)))]
pub(crate) async fn get_capabilities(
    State(state): State<ApiState>,
    operator: Operator,
    Id(id): Id<GatewayId>,
) -> Result<Json<Capabilities>, ApiError> {
    let mut tx = operator.begin().await?;
    let (_, connector) = connections::with_connector(state.orchestrator(), &mut tx, id).await?;
    Ok(Json(connector.capabilities().clone()))
}
