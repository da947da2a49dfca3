//! `GET /gateways`

use axum::Json;
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use gatewright_native::gateways;
use gatewright_native::model::Gateway;

/// List gateways.
#[utoipa::path(get, path = "/gateways", tag = "Gateways", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Gateway>)))]
pub(crate) async fn list_gateways(operator: Operator, Query(page): Query<PageQuery>) -> Result<Json<List<Gateway>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(gateways::list(&mut tx, request).await?, |item| item.id.uuid())))
}
