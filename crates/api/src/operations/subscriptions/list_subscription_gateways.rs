//! `GET /subscriptions/{id}/gateways`

use axum::Json;
use gatewright_orchestration::model::SubscriptionGateway;
use gatewright_orchestration::view;
use gatewright_types::ids::SubscriptionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Every gateway of a subscription.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriptionGateways {
    items: Vec<SubscriptionGateway>,
}

/// List where a subscription stands on each gateway: our own first, then those that are connected.
#[utoipa::path(get, path = "/subscriptions/{id}/gateways", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "All of them", body = SubscriptionGateways)))]
pub(crate) async fn list_subscription_gateways(
    operator: Operator,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<SubscriptionGateways>, ApiError> {
    let mut tx = operator.begin().await?;
    let items = view::gateways(&mut tx, id).await?;
    Ok(Json(SubscriptionGateways { items }))
}
