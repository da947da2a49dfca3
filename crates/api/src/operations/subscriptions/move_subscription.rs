//! `POST /subscriptions/{id}/move`

use axum::response::Response;
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::model::Subscription;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;

/// Where a subscription is to go.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Move {
    /// The state; which ones are allowed depends on where it stands.
    to: SubscriptionState,
}

/// Move a subscription to another state.
///
/// Every move that its state allows; any other is a 409 that names the state.
#[utoipa::path(post, path = "/subscriptions/{id}/move", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), request_body = Move, responses((status = 200, description = "The subscription, and how the nodes answered", body = Told<Subscription>)))]
pub(crate) async fn move_subscription(
    Id(id): Id<SubscriptionId>,
    command: Command<Move>,
) -> Result<Response, ApiError> {
    let (mut work, wanted) = command.begin().await?;
    let (subscription, changes) = access::move_subscription(work.tx(), id, wanted.to).await?;
    work.done(&subscription, Effects::access(changes)).await
}
