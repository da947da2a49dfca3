//! `POST /portal/keys/{id}/revoke`

use axum::response::Response;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::{Command, Nothing};

/// Revoke a key of one's customer for ever.
///
/// No request sent after the answer is admitted by a node that acknowledged.
#[utoipa::path(post, path = "/portal/keys/{id}/revoke", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "The key, and how the nodes answered", body = Told<ApiKey>)))]
pub(crate) async fn revoke_own_key(Id(id): Id<KeyId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, id).await?;
    let (key, changes) = access::revoke_key(work.tx(), id).await?;
    work.done(&key, Effects::access(changes)).await
}
