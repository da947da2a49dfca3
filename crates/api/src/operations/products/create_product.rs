//! `POST /products`

use crate::error::ApiError;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::Product;
use gatewright_catalog::products::{self, NewProduct};
use gatewright_native::nodes::Effects;

/// Create a product.
#[utoipa::path(post, path = "/products", tag = "Products", request_body = NewProduct, responses((status = 201, description = "The product", body = Product)))]
pub(crate) async fn create_product(command: Command<NewProduct>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let product = products::create(work.tx(), new).await?;
    work.created(&product, Effects::default()).await
}
