//! `POST /portal/keys/{id}/rotate`

use axum::response::Response;
use gatewright_credentials::look_up;
use gatewright_credentials::rotate::Rotation;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::reveal::RevealedKey;
use crate::work::Command;

/// Give a key of one's customer a new secret; the answer reveals it, once.
///
/// The old secret stays valid for the overlap: 300 seconds unless said otherwise, 0 after a leak. Where other gateways have
/// to be given the new one first, the overlap begins when they have it.
#[utoipa::path(post, path = "/portal/keys/{id}/rotate", tag = "Portal", params(("id" = KeyId, Path)), request_body = Rotation, responses((status = 200, description = "The key with its new secret", body = Told<RevealedKey>)))]
pub(crate) async fn rotate_own_key(Id(id): Id<KeyId>, command: Command<Rotation>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, id).await?;
    let (revealed, changes) = access::rotate_key(work.tx(), id, new).await?;
    work.done(&RevealedKey::from(revealed), Effects::access(changes)).await
}
