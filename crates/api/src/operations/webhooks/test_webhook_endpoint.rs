//! `POST /webhook-endpoints/{id}/test`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::deliveries;
use gatewright_notify::model::Delivery;
use gatewright_types::ids::WebhookEndpointId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Send a test event to a webhook endpoint. The answer is the delivery; get it again to see how it went.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/test", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), responses((status = 201, description = "The delivery", body = Delivery)))]
pub(crate) async fn test_webhook_endpoint(
    Id(id): Id<WebhookEndpointId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let delivery = deliveries::test(work.tx(), id).await?;
    work.created(&delivery, Effects::default()).await
}
