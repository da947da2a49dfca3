//! `PUT /portal/branding`

use axum::response::Response;
use gatewright_catalog::branding::{self, Branding, NewBranding};
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::Command;

/// Decide how the tenant's pages look, but for the logo.
///
/// White text has to be read on the color, with a contrast of 4.5:1; otherwise the answer says which color would pass.
#[utoipa::path(put, path = "/portal/branding", tag = "Portal", request_body = NewBranding, responses((status = 200, description = "How they look", body = Branding)))]
pub(crate) async fn put_branding(command: Command<NewBranding>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let before = branding::lock(work.tx()).await?;
    work.require(&before)?;
    let after = branding::put(work.tx(), &before, new).await?;
    work.edited(&after, Effects::default()).await
}
