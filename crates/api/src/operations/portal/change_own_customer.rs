//! `PATCH /portal/customer`

use axum::response::Response;
use gatewright_catalog::customers::{self, CustomerChange};
use gatewright_catalog::model::Customer;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::Command;

/// Change the customer that one works for: its name, and where to write to.
#[utoipa::path(patch, path = "/portal/customer", tag = "Portal", request_body = CustomerChange, responses((status = 200, description = "The customer", body = Customer)))]
pub(crate) async fn change_own_customer(command: Command<CustomerChange>) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let seat = work.acting().seat()?;
    let customer = customers::change(work.tx(), seat.customer_id, change).await?;
    work.done(&customer, Effects::default()).await
}
