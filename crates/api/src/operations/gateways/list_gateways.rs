//! `GET /gateways`

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{Hosted, List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_database::Page;
use gatewright_native::gateways;

/// List gateways.
#[utoipa::path(get, path = "/gateways", tag = "Gateways", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Hosted>)))]
pub(crate) async fn list_gateways(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Hosted>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = gateways::list(&mut tx, request).await?;
    let items = page.items.into_iter().map(|gateway| operator.hosted(gateway)).collect();
    Ok(Json(List::new(Page { items, more: page.more }, Hosted::id)))
}
