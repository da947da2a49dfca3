//! `GET /portal/subscriptions/{id}`

use axum::Json;
use gatewright_catalog::CatalogError;
use gatewright_types::ids::SubscriptionId;

use super::own_subscription::{OwnSubscription, own, with_plans};
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;

/// Get a subscription of one's customer.
#[utoipa::path(get, path = "/portal/subscriptions/{id}", tag = "Portal", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "The subscription", body = OwnSubscription)))]
pub(crate) async fn get_own_subscription(
    acting: Acting,
    Id(id): Id<SubscriptionId>,
) -> Result<Json<OwnSubscription>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    let subscription = own(&mut tx, seat, id).await?;
    let shown = with_plans(&mut tx, vec![subscription]).await?.pop();
    Ok(Json(shown.ok_or_else(|| CatalogError::not_found("subscription", id))?))
}
