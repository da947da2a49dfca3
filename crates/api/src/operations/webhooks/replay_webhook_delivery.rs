//! `POST /webhook-deliveries/{id}/replay`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::deliveries;
use gatewright_notify::model::Delivery;
use gatewright_types::ids::DeliveryId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Send a delivery again, at once, under the same `webhook-id`.
#[utoipa::path(post, path = "/webhook-deliveries/{id}/replay", tag = "Webhooks", params(("id" = DeliveryId, Path)), responses((status = 200, description = "The delivery", body = Delivery)))]
pub(crate) async fn replay_webhook_delivery(
    Id(id): Id<DeliveryId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let delivery = deliveries::replay(work.tx(), id).await?;
    work.done(&delivery, Effects::default()).await
}
