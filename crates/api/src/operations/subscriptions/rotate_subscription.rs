//! `POST /subscriptions/{id}/rotate`

use axum::response::Response;
use gatewright_catalog::model::Subscription;
use gatewright_credentials::rotate::Rotation;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::model::RotatedGateway;
use gatewright_orchestration::{access, view};
use gatewright_types::ids::SubscriptionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// A subscription whose keys have new secrets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rotated {
    #[serde(flatten)]
    subscription: Subscription,
    /// Every key that is not revoked, with its new secret.
    api_keys: Vec<RevealedKey>,
    /// What becomes of the old secrets on each connected gateway.
    gateways: Vec<RotatedGateway>,
}

/// Give every key of a subscription a new secret.
///
/// The old secrets stay valid for the overlap: 300 seconds unless said otherwise, 0 after a leak.
#[utoipa::path(post, path = "/subscriptions/{id}/rotate", tag = "Subscriptions", params(("id" = SubscriptionId, Path)), request_body = Rotation, responses((status = 200, description = "The subscription and its keys with their new secrets", body = Told<Rotated>)))]
pub(crate) async fn rotate_subscription(
    Id(id): Id<SubscriptionId>,
    command: Command<Rotation>,
) -> Result<Response, ApiError> {
    let (mut work, rotation) = command.begin().await?;
    let (subscription, revealed, changes) = access::rotate_subscription(work.tx(), id, rotation).await?;
    let api_keys = revealed.into_iter().map(RevealedKey::from).collect();
    let engine = work.orchestrator();
    let gateways = view::rotated(&engine, work.tx(), &[id]).await?;
    let rotated = Rotated {
        subscription,
        api_keys,
        gateways,
    };
    work.done(&rotated, Effects::access(changes)).await
}
