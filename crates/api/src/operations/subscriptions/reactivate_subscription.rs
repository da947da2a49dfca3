//! `POST /subscriptions/{id}/reactivate`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_catalog::model::Subscription;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;

/// Reactivate a subscription.
///
/// SUSPENDED returns to where it came from, PAUSED to ACTIVE.
#[utoipa::path(post, path = "/subscriptions/{id}/reactivate", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), responses((status = 200, description = "The subscription, and how the nodes answered", body = Told<Subscription>)))]
pub(crate) async fn reactivate_subscription(
    Id(id): Id<SubscriptionId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (subscription, changes) = access::reactivate_subscription(work.tx(), id).await?;
    work.done(&subscription, Effects::access(changes)).await
}
