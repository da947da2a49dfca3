//! `GET /customers/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_catalog::customers;
use gatewright_catalog::model::Customer;
use gatewright_types::ids::CustomerId;

/// Get a customer.
#[utoipa::path(get, path = "/customers/{id}", tag = "Customers", params(("id" = CustomerId, Path)), responses((status = 200, description = "Get a customer.", body = Customer)))]
pub(crate) async fn get_customer(operator: Operator, Id(id): Id<CustomerId>) -> Result<Tagged<Customer>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(customers::get(&mut tx, id).await?))
}
