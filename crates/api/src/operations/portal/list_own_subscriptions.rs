//! `GET /portal/subscriptions`

use axum::Json;
use gatewright_catalog::subscriptions::{self, SubscriptionFilter};

use super::own_subscription::{OwnSubscription, with_plans};
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the subscriptions of one's customer.
#[utoipa::path(get, path = "/portal/subscriptions", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<OwnSubscription>)))]
pub(crate) async fn list_own_subscriptions(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<OwnSubscription>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let filter = SubscriptionFilter {
        customer_id: Some(seat.customer_id),
        state: None,
    };
    let mut tx = acting.begin().await?;
    let page = subscriptions::list(&mut tx, filter, request).await?;
    let List { items, next_cursor } = List::new(page, |item| item.id.uuid());
    let items = with_plans(&mut tx, items).await?;
    Ok(Json(List { items, next_cursor }))
}
