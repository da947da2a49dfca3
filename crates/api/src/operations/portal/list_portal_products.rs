//! `GET /portal/products`

use axum::Json;
use gatewright_catalog::model::Product;
use gatewright_catalog::products;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the products that one can subscribe to, or has subscribed to.
#[utoipa::path(get, path = "/portal/products", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Product>)))]
pub(crate) async fn list_portal_products(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Product>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let mut tx = acting.begin().await?;
    let page = products::list_for_customer(&mut tx, seat.customer_id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
