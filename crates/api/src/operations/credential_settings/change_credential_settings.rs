//! `PATCH /credential-settings`

use axum::response::Response;
use gatewright_credentials::settings::{self, CredentialSettings, SettingsChange};
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::Command;

/// Decide how long sealed copies of secrets are kept, and what happens to a key that leaked.
#[utoipa::path(patch, path = "/credential-settings", tag = "Keys", request_body = SettingsChange, responses((status = 200, description = "The settings", body = CredentialSettings)))]
pub(crate) async fn change_credential_settings(command: Command<SettingsChange>) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let settings = settings::change(work.tx(), change).await?;
    work.done(&settings, Effects::default()).await
}
