//! `POST /subscriptions/{id}/keys`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::SubscriptionId;

use super::create_subscription::KeyRequest;
use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// Give a subscription another key; the answer reveals it, once.
#[utoipa::path(post, path = "/subscriptions/{id}/keys", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), request_body = KeyRequest, responses((status = 201, description = "The key with its secret", body = RevealedKey)))]
pub(crate) async fn add_key(Id(id): Id<SubscriptionId>, command: Command<KeyRequest>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let engine = work.orchestrator();
    let revealed = access::add_key(&engine, work.tx(), id, new.into()).await?;
    work.created(&RevealedKey::from(revealed), Effects::default()).await
}
