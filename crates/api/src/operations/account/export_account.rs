//! `GET /account/export`

use axum::Json;
use gatewright_identity::account::{self, AccountExport};

use gatewright_portal::playground::model::PlaygroundRun;
use gatewright_portal::playground::runs;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// Everything that is kept of a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WholeAccount {
    /// What they are here, and what they did.
    #[serde(flatten)]
    account: AccountExport,
    /// Their last calls from the portal.
    playground_runs: Vec<PlaygroundRun>,
}

/// Export everything that is kept of oneself.
#[utoipa::path(get, path = "/account/export", tag = "Account", responses((status = 200, description = "All of it", body = WholeAccount)))]
pub(crate) async fn export_account(acting: Acting) -> Result<Json<WholeAccount>, ApiError> {
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    let export = account::export(&mut tx, person_id, session_id).await?;
    let playground_runs = match &export.developer {
        Some(developer) => runs::list(&mut tx, developer.id, (None, None)).await?,
        None => Vec::new(),
    };
    tx.commit().await?;
    Ok(Json(WholeAccount {
        account: export,
        playground_runs,
    }))
}
