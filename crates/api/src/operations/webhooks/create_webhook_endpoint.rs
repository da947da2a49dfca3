//! `POST /webhook-endpoints`

use axum::extract::State;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_notify::endpoints::{self, NewWebhookEndpoint};

use crate::ApiState;
use crate::error::ApiError;
use crate::reveal::RevealedEndpoint;
use crate::work::Command;

/// Create a webhook endpoint; the answer reveals its signing secret, once.
#[utoipa::path(post, path = "/webhook-endpoints", tag = "Webhooks", request_body = NewWebhookEndpoint, responses((status = 201, description = "The endpoint and its signing secret", body = RevealedEndpoint)))]
pub(crate) async fn create_webhook_endpoint(
    State(state): State<ApiState>,
    command: Command<NewWebhookEndpoint>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let made = endpoints::create(work.tx(), state.egress_policy(), new).await?;
    work.created(&RevealedEndpoint::from(made), Effects::default()).await
}
