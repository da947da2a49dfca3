//! `POST /webhook-endpoints/{id}/rotate-secret`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::endpoints;
use gatewright_types::ids::WebhookEndpointId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::RevealedEndpoint;
use crate::work::Command;

/// How to rotate.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretRotation {
    /// Whether the old secret ends at once, as after a leak, and with it an overlap that is under way. Otherwise it signs
    /// along for 24 hours.
    #[serde(default)]
    end_overlap: bool,
}

/// Give a webhook endpoint a new signing secret; the answer reveals it, once.
#[utoipa::path(post, path = "/webhook-endpoints/{id}/rotate-secret", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), request_body = SecretRotation, responses((status = 200, description = "The endpoint and its new signing secret", body = RevealedEndpoint)))]
pub(crate) async fn rotate_webhook_secret(
    Id(id): Id<WebhookEndpointId>,
    command: Command<SecretRotation>,
) -> Result<Response, ApiError> {
    let (mut work, how) = command.begin().await?;
    let rotated = endpoints::rotate_secret(work.tx(), id, how.end_overlap).await?;
    work.done(&RevealedEndpoint::from(rotated), Effects::default()).await
}
