//! `GET /webhook-endpoints/{id}`

use axum::Json;
use gatewright_notify::endpoints;
use gatewright_notify::model::WebhookEndpoint;
use gatewright_types::ids::WebhookEndpointId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a webhook endpoint.
#[utoipa::path(get, path = "/webhook-endpoints/{id}", tag = "Webhooks", params(("id" = WebhookEndpointId, Path)), responses((status = 200, description = "The endpoint", body = WebhookEndpoint)))]
pub(crate) async fn get_webhook_endpoint(
    operator: Operator,
    Id(id): Id<WebhookEndpointId>,
) -> Result<Json<WebhookEndpoint>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(endpoints::get(&mut tx, id).await?))
}
