//! `GET /account/export`

use axum::Json;
use gatewright_identity::account::{self, AccountExport};

use crate::error::ApiError;
use crate::principal::Acting;

/// Export everything that is kept of oneself.
#[utoipa::path(get, path = "/account/export", tag = "Account", responses((status = 200, description = "All of it", body = AccountExport)))]
pub(crate) async fn export_account(acting: Acting) -> Result<Json<AccountExport>, ApiError> {
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    let export = account::export(&mut tx, person_id, session_id).await?;
    tx.commit().await?;
    Ok(Json(export))
}
