//! `GET /connections/{id}/offers`

use axum::Json;
use axum::extract::State;
use gatewright_orchestration::connections;
use gatewright_orchestration::offers::{self, Offer};
use gatewright_types::ids::GatewayId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// What a gateway offers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offers {
    pub(super) items: Vec<Offer>,
}

/// List what a connected gateway offers, against what was imported: NEW, CHANGED, UNCHANGED or STALE.
///
/// Asks the gateway, which takes as long as it takes.
#[utoipa::path(get, path = "/connections/{id}/offers", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "All of them, 10000 at most", body = Offers)))]
pub(crate) async fn list_offers(
    State(state): State<ApiState>,
    operator: Operator,
    Id(id): Id<GatewayId>,
) -> Result<Json<Offers>, ApiError> {
    let engine = state.orchestrator();
    let mut tx = operator.begin().await?;
    let (connection, connector) = connections::with_connector(engine, &mut tx, id).await?;
    tx.close().await?;
    let offered = offers::discover(engine, &connection, &*connector).await?;
    let mut tx = operator.begin().await?;
    let items = offers::preview(&mut tx, id, offered).await?;
    Ok(Json(Offers { items }))
}
