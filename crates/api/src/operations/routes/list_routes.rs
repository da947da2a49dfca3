//! `GET /gateways/{id}/routes`

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_native::model::Route;
use gatewright_native::routes;
use gatewright_types::ids::GatewayId;

/// List the routes of a native gateway.
#[utoipa::path(get, path = "/gateways/{id}/routes", tag = "Routes", params(("id" = GatewayId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<Route>)))]
pub(crate) async fn list_routes(
    operator: Operator,
    Id(id): Id<GatewayId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Route>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(routes::list(&mut tx, id, request).await?, |item| {
        item.id.uuid()
    })))
}
