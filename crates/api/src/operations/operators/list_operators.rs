//! `GET /operators`

use axum::Json;
use gatewright_identity::model;
use gatewright_identity::operators;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List operators.
#[utoipa::path(get, path = "/operators", tag = "Operators", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<model::Operator>)))]
pub(crate) async fn list_operators(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<model::Operator>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = operators::list(&mut tx, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
