//! `GET /subscriptions/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;
use axum::Json;
use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions;
use gatewright_types::ids::SubscriptionId;

/// Get a subscription.
#[utoipa::path(get, path = "/subscriptions/{id}", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "Get a subscription.", body = Subscription)))]
pub(crate) async fn get_subscription(
    operator: Operator,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(subscriptions::get(&mut tx, id).await?))
}
