//! `DELETE /portal/branding/logo`

use axum::response::Response;
use gatewright_catalog::branding;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::{Command, Nothing};

/// Take the logo away.
#[utoipa::path(delete, path = "/portal/branding/logo", tag = "Portal", responses((status = 204, description = "It is gone")))]
pub(crate) async fn delete_logo(command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let before = branding::lock(work.tx()).await?;
    work.require(&before)?;
    branding::delete_logo(work.tx(), &before).await?;
    work.deleted(Effects::default()).await
}
