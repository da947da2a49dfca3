//! `DELETE /portal/colleagues/{id}`

use axum::response::Response;
use gatewright_identity::developers;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::DeveloperId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Remove a colleague from one's customer. Keys stay: rotate those that they have seen. The last active OWNER stays.
#[utoipa::path(delete, path = "/portal/colleagues/{id}", tag = "Portal", params(("id" = DeveloperId, Path)), responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_colleague(Id(id): Id<DeveloperId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    developers::get_of(work.tx(), seat.customer_id, id).await?;
    developers::remove(work.tx(), id, false).await?;
    work.deleted(Effects::default()).await
}
