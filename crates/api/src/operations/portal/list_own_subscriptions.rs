//! `GET /portal/subscriptions`

use axum::Json;
use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions::{self, SubscriptionFilter};

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the subscriptions of one's customer.
#[utoipa::path(get, path = "/portal/subscriptions", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Subscription>)))]
pub(crate) async fn list_own_subscriptions(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Subscription>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let filter = SubscriptionFilter {
        customer_id: Some(seat.customer_id),
        state: None,
    };
    let mut tx = acting.begin().await?;
    let page = subscriptions::list(&mut tx, filter, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
