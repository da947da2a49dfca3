//! `GET /credential-settings`

use axum::Json;
use gatewright_credentials::settings::{self, CredentialSettings};

use crate::error::ApiError;
use crate::principal::Operator;

/// Get what the tenant decided about its keys' secrets.
#[utoipa::path(get, path = "/credential-settings", tag = "Keys", responses((status = 200, description = "The settings", body = CredentialSettings)))]
pub(crate) async fn get_credential_settings(operator: Operator) -> Result<Json<CredentialSettings>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(settings::get(&mut tx).await?))
}
