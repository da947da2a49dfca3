//! `POST /subscriptions/{id}/cancel`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::model::Subscription;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;

/// Cancel a subscription.
///
/// Ends its bindings and revokes every key that is left without one; no request sent after the answer is admitted by a node that acknowledged.
#[utoipa::path(post, path = "/subscriptions/{id}/cancel", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "The subscription, and how the nodes answered", body = Told<Subscription>)))]
pub(crate) async fn cancel_subscription(
    Id(id): Id<SubscriptionId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (subscription, changes) = access::move_subscription(work.tx(), id, SubscriptionState::Cancelled).await?;
    work.done(&subscription, Effects::access(changes)).await
}
