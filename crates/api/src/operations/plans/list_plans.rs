//! `GET /plans`

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_catalog::model::Plan;
use gatewright_catalog::plans;

/// List plans with their current versions.
#[utoipa::path(get, path = "/plans", tag = "Plans", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Plan>)))]
pub(crate) async fn list_plans(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Plan>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(plans::list(&mut tx, request).await?, |item| {
        item.id.uuid()
    })))
}
