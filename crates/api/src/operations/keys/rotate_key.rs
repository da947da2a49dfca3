//! `POST /keys/{id}/rotate`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::reveal::RevealedKey;
use crate::work::Command;
use axum::response::Response;
use gatewright_credentials::rotate::Rotation;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::model::RotatedGateway;
use gatewright_orchestration::{access, view};
use gatewright_types::ids::KeyId;
use serde::Serialize;
use utoipa::ToSchema;

/// A key with its new secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotatedKey {
    #[serde(flatten)]
    key: RevealedKey,
    /// What becomes of the old secret on each connected gateway.
    gateways: Vec<RotatedGateway>,
}

/// Give a key a new secret.
///
/// The old secret stays valid for the overlap: 300 seconds unless said otherwise, 0 after a leak.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "Keys", params(("id" = KeyId, Path)), request_body = Rotation, responses((status = 200, description = "The key with its new secret", body = Told<RotatedKey>)))]
pub(crate) async fn rotate_key(Id(id): Id<KeyId>, command: Command<Rotation>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let (revealed, changes) = access::rotate_key(work.tx(), id, new).await?;
    let engine = work.orchestrator();
    let gateways = view::rotated(&engine, work.tx(), &revealed.key.subscription_ids).await?;
    let key = RevealedKey::from(revealed);
    work.done(&RotatedKey { key, gateways }, Effects::access(changes)).await
}
