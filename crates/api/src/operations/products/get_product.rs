//! `GET /products/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_catalog::model::Product;
use gatewright_catalog::products;
use gatewright_types::ids::ProductId;

/// Get a product.
#[utoipa::path(get, path = "/products/{id}", tag = "Products", params(("id" = ProductId, Path)), responses((status = 200, description = "Get a product.", body = Product)))]
pub(crate) async fn get_product(operator: Operator, Id(id): Id<ProductId>) -> Result<Tagged<Product>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(products::get(&mut tx, id).await?))
}
