//! `GET /webhook-endpoints`

use axum::Json;
use gatewright_notify::endpoints;
use gatewright_notify::model::WebhookEndpoint;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List the webhook endpoints.
#[utoipa::path(get, path = "/webhook-endpoints", tag = "Webhooks", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<WebhookEndpoint>)))]
pub(crate) async fn list_webhook_endpoints(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<WebhookEndpoint>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = endpoints::list(&mut tx, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
