//! `PUT /products/{id}/contract`

use crate::error::ApiError;
use crate::extract::CONTRACT_BODY_MAX_BYTES;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::{Contract, Product};
use gatewright_catalog::products;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::ProductId;

/// Put a product's contract, in the place of the one it has.
#[utoipa::path(put, path = "/products/{id}/contract", tag = "Products", params(("id" = ProductId, Path)), request_body = Contract, responses((status = 200, description = "The product", body = Product)))]
pub(crate) async fn put_contract(
    Id(id): Id<ProductId>,
    command: Command<Contract, CONTRACT_BODY_MAX_BYTES>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        products::lock(work.tx(), id).await?;
        let held = products::contract(work.tx(), id).await?;
        work.require(&held)?;
    }
    let product = products::put_contract(work.tx(), id, &new).await?;
    work.done(&product, Effects::default()).await
}
