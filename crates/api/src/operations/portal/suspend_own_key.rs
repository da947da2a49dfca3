//! `POST /portal/keys/{id}/suspend`

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

/// Suspend a key of one's customer.
///
/// It is refused until it is reactivated; who suspended it here may do that.
#[utoipa::path(post, path = "/portal/keys/{id}/suspend", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "The key, and how the nodes answered", body = Told<ApiKey>)))]
pub(crate) async fn suspend_own_key(Id(id): Id<KeyId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, id).await?;
    let (key, changes) = access::suspend_key(work.tx(), id).await?;
    status::mark_suspended_by_customer(work.tx(), id).await?;
    work.done(&key, Effects::access(changes)).await
}
