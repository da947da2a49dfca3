//! `PATCH /portal/keys/{id}`

use axum::response::Response;
use gatewright_credentials::change::KeyChange;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Told;
use crate::work::Command;

/// Rename a key of one's customer, narrow it to some products or addresses, or set when it expires.
#[utoipa::path(patch, path = "/portal/keys/{id}", tag = "Portal", params(("id" = KeyId, Path)), request_body = KeyChange, responses((status = 200, description = "The key, and how the nodes answered", body = Told<ApiKey>)))]
pub(crate) async fn change_own_key(Id(id): Id<KeyId>, command: Command<KeyChange>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, id).await?;
    let engine = work.orchestrator();
    let (key, changes) = access::change_key(&engine, work.tx(), id, new).await?;
    work.done(&key, Effects::access(changes)).await
}
