//! `PATCH /webhook-endpoints/{id}`

use axum::extract::State;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::endpoints::{self, WebhookEndpointChange};
use gatewright_notify::model::WebhookEndpoint;
use gatewright_types::ids::WebhookEndpointId;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Change, enable or disable a webhook endpoint.
#[utoipa::path(patch, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), request_body = WebhookEndpointChange, responses((status = 200, description = "The endpoint", body = WebhookEndpoint)))]
pub(crate) async fn change_webhook_endpoint(
    State(state): State<ApiState>,
    Id(id): Id<WebhookEndpointId>,
    command: Command<WebhookEndpointChange>,
) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let endpoint = endpoints::change(work.tx(), state.egress_policy(), id, change).await?;
    work.done(&endpoint, Effects::default()).await
}
