//! `POST /keys/{id}/revoke`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_credentials::model::ApiKey;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::KeyId;

/// Revoke a key for ever.
///
/// No request sent after the answer is admitted by a node that acknowledged.
#[utoipa::path(post, path = "/keys/{id}/revoke", tag = "Keys", params(("id" = KeyId, Path)), responses((status = 200, description = "The key, and how the nodes answered", body = Told<ApiKey>)))]
pub(crate) async fn revoke_key(Id(id): Id<KeyId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (key, changes) = access::revoke_key(work.tx(), id).await?;
    work.done(&key, Effects::access(changes)).await
}
