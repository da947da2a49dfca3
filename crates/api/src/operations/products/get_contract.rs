//! `GET /products/{id}/contract`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_catalog::model::Contract;
use gatewright_catalog::products;
use gatewright_types::ids::ProductId;

/// Get a product's contract.
#[utoipa::path(get, path = "/products/{id}/contract", tag = "Products", params(("id" = ProductId, Path)), responses((status = 200, description = "Get a product's contract.", body = Contract)))]
pub(crate) async fn get_contract(operator: Operator, Id(id): Id<ProductId>) -> Result<Tagged<Contract>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(products::contract(&mut tx, id).await?))
}
