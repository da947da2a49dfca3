//! `POST /nodes/{id}/drain`

use axum::Json;
use axum::extract::State;
use gatewright_types::ids::NodeId;

use super::ToldNode;
use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Installation;

/// Tell a gateway node to finish what is under way and end. Needs an installation's token.
#[utoipa::path(post, path = "/nodes/{id}/drain", tag = "Nodes", params(("id" = NodeId, Path)), responses((status = 200, description = "The node", body = ToldNode)))]
pub(crate) async fn drain_node(
    State(state): State<ApiState>,
    Installation { caller, origin }: Installation,
    Id(id): Id<NodeId>,
) -> Result<Json<ToldNode>, ApiError> {
    let told = state.nodes().drain((caller, origin), id).await?;
    Ok(Json(ToldNode::new(told)))
}
