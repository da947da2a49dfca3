//! `GET /webhook-deliveries/{id}`

use axum::Json;
use gatewright_notify::deliveries;
use gatewright_notify::model::Delivery;
use gatewright_types::ids::DeliveryId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a delivery: what was sent, every attempt, and what was answered.
#[utoipa::path(get, path = "/webhook-deliveries/{id}", tag = "Webhooks", params(("id" = DeliveryId, Path)), responses((status = 200, description = "The delivery", body = Delivery)))]
pub(crate) async fn get_webhook_delivery(
    operator: Operator,
    Id(id): Id<DeliveryId>,
) -> Result<Json<Delivery>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(deliveries::get(&mut tx, id).await?))
}
