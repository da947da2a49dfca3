//! `GET /account/identities`

use axum::Json;
use gatewright_identity::providers::{Identity, identities};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// Who one is elsewhere.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnIdentities {
    /// By the providers' names; at most one of each.
    items: Vec<Identity>,
}

/// List the accounts elsewhere by which one signs in.
#[utoipa::path(get, path = "/account/identities", tag = "Account", responses((status = 200, description = "All of them", body = OwnIdentities)))]
pub(crate) async fn list_identities(acting: Acting) -> Result<Json<OwnIdentities>, ApiError> {
    let (person_id, _) = acting.me()?;
    let mut tx = acting.begin().await?;
    let items = identities::list(&mut tx, person_id).await?;
    Ok(Json(OwnIdentities { items }))
}
