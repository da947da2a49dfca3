//! `POST /portal/keys/{id}/reactivate`

use axum::response::Response;
use gatewright_credentials::model::ApiKey;
use gatewright_credentials::{look_up, status};
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::{Command, Nothing};

/// Reactivate a key that one's customer suspended itself.
#[utoipa::path(post, path = "/portal/keys/{id}/reactivate", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "The key, and how the nodes answered", body = Told<ApiKey>)))]
pub(crate) async fn reactivate_own_key(Id(id): Id<KeyId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, id).await?;
    status::require_suspended_by_customer(work.tx(), id).await?;
    let (key, changes) = access::reactivate_key(work.tx(), id).await?;
    work.done(&key, Effects::access(changes)).await
}
