//! `GET /webhook-endpoints/{id}/deliveries`

use axum::Json;
use gatewright_notify::deliveries;
use gatewright_notify::model::{Delivery, DeliveryState};
use gatewright_types::ids::WebhookEndpointId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which deliveries are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveryQuery {
    /// Only those in this state.
    state: Option<DeliveryState>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the deliveries of a webhook endpoint with their attempts; what was answered is shown by each alone.
#[utoipa::path(get, path = "/webhook-endpoints/{id}/deliveries", tag = "Webhooks", params(("id" = WebhookEndpointId, Path), DeliveryQuery), responses((status = 200, description = "A page, newest first", body = List<Delivery>)))]
pub(crate) async fn list_webhook_deliveries(
    operator: Operator,
    Id(id): Id<WebhookEndpointId>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<List<Delivery>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let mut tx = operator.begin().await?;
    let page = deliveries::list(&mut tx, id, query.state, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
