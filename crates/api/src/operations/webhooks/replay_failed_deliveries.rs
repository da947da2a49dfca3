//! `POST /webhook-endpoints/{id}/replay`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::deliveries::{self, ReplayFailed, Replayed};
use gatewright_types::ids::WebhookEndpointId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Send again what has failed since a time, oldest first; at most 500 deliveries, `more` says whether some are left.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/replay", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), request_body = ReplayFailed, responses((status = 200, description = "What is sent again", body = Replayed)))]
pub(crate) async fn replay_failed_deliveries(
    Id(id): Id<WebhookEndpointId>,
    command: Command<ReplayFailed>,
) -> Result<Response, ApiError> {
    let (mut work, which) = command.begin().await?;
    let replayed = deliveries::replay_failed(work.tx(), id, &which).await?;
    work.done(&replayed, Effects::default()).await
}
