//! `GET /portal/products`

use axum::Json;
use axum::response::{IntoResponse, Response};
use gatewright_catalog::model::Product;
use gatewright_catalog::products;

use crate::cookies;
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::visitor::Visitor;

/// List the products that one can subscribe to; of a developer, with those that their customer has.
#[utoipa::path(get, path = "/portal/products", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Product>)))]
pub(crate) async fn list_portal_products(
    visitor: Visitor,
    Query(page): Query<PageQuery>,
) -> Result<Response, ApiError> {
    let request = page.request()?;
    let (seat, renewed) = visitor.seat().await?;
    let mut tx = visitor.visit.begin().await?;
    let customer_id = seat.map(|seat| seat.customer_id);
    let page = products::list_for_customer(&mut tx, customer_id, request).await?;
    let mut response = Json(List::new(page, |item: &Product| item.id.uuid())).into_response();
    if let Some(tokens) = renewed {
        cookies::set_tokens(response.headers_mut(), &tokens, visitor.secure);
    }
    Ok(response)
}
