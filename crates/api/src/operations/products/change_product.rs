//! `PATCH /products/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::Product;
use gatewright_catalog::products::{self, ProductChange};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::ProductId;

/// Change a product.
#[utoipa::path(patch, path = "/products/{id}", tag = "Products", params(("id" = ProductId, Path)), request_body = ProductChange, responses((status = 200, description = "The product", body = Product)))]
pub(crate) async fn change_product(
    Id(id): Id<ProductId>,
    command: Command<ProductChange>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = products::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let engine = work.orchestrator();
    let product = gatewright_orchestration::products::change(&engine, work.tx(), id, new).await?;
    work.edited(&product, Effects::default()).await
}
