//! `GET /gateways/{id}/consumers`

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_native::consumers;
use gatewright_native::model::Consumer;
use gatewright_types::ids::GatewayId;

/// List the API consumers of a native gateway.
#[utoipa::path(get, path = "/gateways/{id}/consumers", tag = "API consumers", params(("id" = GatewayId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<Consumer>)))]
pub(crate) async fn list_consumers(
    operator: Operator,
    Id(id): Id<GatewayId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Consumer>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(consumers::list(&mut tx, id, request).await?, |item| {
        item.id.uuid()
    })))
}
