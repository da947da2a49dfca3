//! `GET /connections`

use axum::Json;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List the connected gateways.
#[utoipa::path(get, path = "/connections", tag = "Connections", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Connection>)))]
pub(crate) async fn list_connections(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Connection>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = connections::list(&mut tx, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
