//! `POST /nodes/{id}/revoke`

use axum::Json;
use axum::extract::State;
use gatewright_types::ids::NodeId;

use super::ToldNode;
use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Installation;

/// Shut a gateway node out for ever: it admits nobody to a SECURE route any more. Needs an installation's token.
#[utoipa::path(post, path = "/nodes/{id}/revoke", tag = "Nodes", params(("id" = NodeId, Path)), responses((status = 200, description = "The node", body = ToldNode)))]
pub(crate) async fn revoke_node(
    State(state): State<ApiState>,
    Installation { caller, origin }: Installation,
    Id(id): Id<NodeId>,
) -> Result<Json<ToldNode>, ApiError> {
    let told = state.nodes().revoke((caller, origin), id).await?;
    Ok(Json(ToldNode::new(told)))
}
