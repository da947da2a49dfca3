//! `POST /portal/subscriptions/{id}/keys`

use axum::response::Response;
use gatewright_catalog::customers;
use gatewright_credentials::issue;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;

use super::own_subscription::own;
use crate::error::ApiError;
use crate::extract::Id;
use crate::operations::subscriptions::create_subscription::KeyRequest;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// Give a subscription of one's customer another key; the answer reveals it, once.
#[utoipa::path(post, path = "/portal/subscriptions/{id}/keys", tag = "Portal", params(("id" = SubscriptionId, Path)), request_body = KeyRequest, responses((status = 201, description = "The key with its secret", body = RevealedKey)))]
pub(crate) async fn add_own_key(
    Id(id): Id<SubscriptionId>,
    command: Command<KeyRequest>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let seat = work.acting().seat()?;
    own(work.tx(), seat, id).await?;
    customers::lock(work.tx(), seat.customer_id).await?;
    issue::require_room_of_customer(work.tx(), seat.customer_id).await?;
    let engine = work.orchestrator();
    let revealed = access::add_key(&engine, work.tx(), id, new.into()).await?;
    work.created(&RevealedKey::from(revealed), Effects::default()).await
}
