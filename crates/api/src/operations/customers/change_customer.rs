//! `PATCH /customers/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::customers::{self, CustomerChange};
use gatewright_catalog::model::Customer;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::CustomerId;

/// Change a customer.
#[utoipa::path(patch, path = "/customers/{id}", tag = "Customers", params(("id" = CustomerId, Path)), request_body = CustomerChange, responses((status = 200, description = "The customer", body = Customer)))]
pub(crate) async fn change_customer(
    Id(id): Id<CustomerId>,
    command: Command<CustomerChange>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = customers::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let customer = customers::change(work.tx(), id, new).await?;
    work.edited(&customer, Effects::default()).await
}
