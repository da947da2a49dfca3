//! `POST /portal/subscriptions/{id}/cancel`

use axum::response::Response;
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::model::Subscription;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;

use super::own_subscription::own;
use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::{Command, Nothing};

/// Cancel a subscription of one's customer.
///
/// Every key that is left without a subscription is revoked: no request sent after the answer is admitted by a node that
/// acknowledged.
#[utoipa::path(post, path = "/portal/subscriptions/{id}/cancel", tag = "Portal", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "The subscription, and how the nodes answered", body = Told<Subscription>)))]
pub(crate) async fn cancel_own_subscription(
    Id(id): Id<SubscriptionId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    own(work.tx(), seat, id).await?;
    let (subscription, changes) = access::move_subscription(work.tx(), id, SubscriptionState::Cancelled).await?;
    work.done(&subscription, Effects::access(changes)).await
}
