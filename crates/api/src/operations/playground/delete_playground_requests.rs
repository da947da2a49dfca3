//! `DELETE /portal/playground/requests`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::playground::runs;

use crate::error::ApiError;
use crate::work::{Command, Nothing};

/// Forget one's own calls from the portal.
#[utoipa::path(delete, path = "/portal/playground/requests", tag = "Portal", responses((status = 204, description = "Forgotten")))]
pub(crate) async fn delete_playground_requests(command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    runs::delete(work.tx(), seat.developer_id).await?;
    work.deleted(Effects::default()).await
}
