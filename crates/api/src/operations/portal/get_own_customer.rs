//! `GET /portal/customer`

use axum::Json;
use gatewright_catalog::customers;
use gatewright_catalog::model::Customer;

use crate::error::ApiError;
use crate::principal::Acting;

/// Get the customer that one works for.
#[utoipa::path(get, path = "/portal/customer", tag = "Portal", responses((status = 200, description = "The customer", body = Customer)))]
pub(crate) async fn get_own_customer(acting: Acting) -> Result<Json<Customer>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    Ok(Json(customers::get(&mut tx, seat.customer_id).await?))
}
