//! `GET /products`

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;
use axum::Json;
use gatewright_catalog::model::Product;
use gatewright_catalog::products;

/// List products.
#[utoipa::path(get, path = "/products", tag = "Products", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Product>)))]
pub(crate) async fn list_products(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Product>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(products::list(&mut tx, request).await?, |item| {
        item.id.uuid()
    })))
}
