//! `GET /portal/plans`

use axum::Json;
use gatewright_catalog::model::Plan;
use gatewright_catalog::plans;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::visitor::Visitor;

/// List the plans that one can subscribe to by oneself.
#[utoipa::path(get, path = "/portal/plans", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Plan>)))]
pub(crate) async fn list_portal_plans(
    visitor: Visitor,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Plan>>, ApiError> {
    let request = page.request()?;
    let mut tx = visitor.visit.begin().await?;
    let page = plans::list_self_service(&mut tx, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
