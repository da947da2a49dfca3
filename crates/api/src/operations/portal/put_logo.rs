//! `PUT /portal/branding/logo`

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright_catalog::CatalogError;
use gatewright_catalog::branding::logo::LogoMediaType;
use gatewright_catalog::branding::{self, Branding, LogoContent};
use gatewright_native::nodes::Effects;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

/// An image.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewLogo {
    /// What it is.
    media_type: LogoMediaType,
    /// The image in Base64: at most 256 KiB before.
    content: String,
}

/// Put a logo in the place of the one that is there.
#[utoipa::path(put, path = "/portal/branding/logo", tag = "Portal", request_body = NewLogo, responses((status = 200, description = "How the pages look", body = Branding)))]
pub(crate) async fn put_logo(command: Command<NewLogo>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let bytes = STANDARD
        .decode(new.content.trim())
        .map_err(|_| CatalogError::invalid("/content", "this is no Base64"))?;
    let logo = LogoContent {
        media_type: new.media_type,
        bytes,
    };
    let before = branding::lock(work.tx()).await?;
    work.require(&before)?;
    let after = branding::put_logo(work.tx(), &before, &logo).await?;
    work.edited(&after, Effects::default()).await
}
