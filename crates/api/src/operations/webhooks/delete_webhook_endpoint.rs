//! `DELETE /webhook-endpoints/{id}`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::endpoints;
use gatewright_types::ids::WebhookEndpointId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Delete a webhook endpoint and its deliveries; what is on its way is given up.
#[utoipa::path(delete, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_webhook_endpoint(
    Id(id): Id<WebhookEndpointId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    endpoints::delete(work.tx(), id).await?;
    work.deleted(Effects::default()).await
}
