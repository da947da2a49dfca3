//! `POST /customers`

use crate::error::ApiError;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::customers::{self, NewCustomer};
use gatewright_catalog::model::Customer;
use gatewright_native::nodes::Effects;

/// Create a customer.
#[utoipa::path(post, path = "/customers", tag = "Customers", request_body = NewCustomer, responses((status = 201, description = "The customer", body = Customer)))]
pub(crate) async fn create_customer(command: Command<NewCustomer>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let customer = customers::create(work.tx(), new).await?;
    work.created(&customer, Effects::default()).await
}
