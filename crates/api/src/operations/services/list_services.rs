//! `GET /gateways/{id}/services`

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_native::model::Service;
use gatewright_native::services;
use gatewright_types::ids::GatewayId;

/// List the services of a native gateway.
#[utoipa::path(get, path = "/gateways/{id}/services", tag = "Services", params(("id" = GatewayId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<Service>)))]
pub(crate) async fn list_services(
    operator: Operator,
    Id(id): Id<GatewayId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Service>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(services::list(&mut tx, id, request).await?, |item| {
        item.id.uuid()
    })))
}
