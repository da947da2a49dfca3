//! `GET /portal/subscriptions/{id}`

use axum::Json;
use gatewright_catalog::model::Subscription;
use gatewright_catalog::{CatalogError, subscriptions};
use gatewright_types::ids::SubscriptionId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;

/// Get a subscription of one's customer.
#[utoipa::path(get, path = "/portal/subscriptions/{id}", tag = "Portal", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "The subscription", body = Subscription)))]
pub(crate) async fn get_own_subscription(
    acting: Acting,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<Subscription>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    let subscription = subscriptions::get(&mut tx, id).await?;
    if subscription.customer_id != seat.customer_id {
        return Err(CatalogError::not_found("subscription", id).into());
    }
    Ok(Json(subscription))
}
