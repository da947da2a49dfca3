//! `GET /connections/{id}/breaker/changes`

use axum::Json;
use gatewright_orchestration::history::{self, BreakerChange};
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List how a connected gateway's circuit breaker moved, and why. Kept for 90 days.
#[utoipa::path(get, path = "/connections/{id}/breaker/changes", tag = "Connections", params(("id" = GatewayId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<BreakerChange>)))]
pub(crate) async fn list_breaker_changes(
    operator: Operator,
    Id(id): Id<GatewayId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<BreakerChange>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = history::breaker_changes(&mut tx, id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
