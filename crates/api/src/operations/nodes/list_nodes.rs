//! `GET /nodes`

use axum::Json;
use axum::extract::State;
use gatewright_native::model::Node;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Installation;

/// List gateway nodes. Needs an installation's token, because a node serves gateways of every tenant.
#[utoipa::path(get, path = "/nodes", tag = "Nodes", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Node>)))]
pub(crate) async fn list_nodes(
    State(state): State<ApiState>,
    _: Installation,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Node>>, ApiError> {
    let page = state.nodes().list(page.request()?).await?;
    Ok(Json(List::new(page, |node| node.id.uuid())))
}
