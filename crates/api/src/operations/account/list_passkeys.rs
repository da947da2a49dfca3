//! `GET /account/passkeys`

use axum::Json;
use gatewright_identity::second_factors::passkeys::{self, Passkey};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// All passkeys of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Passkeys {
    /// The oldest first; at most 20.
    items: Vec<Passkey>,
}

/// List one's own passkeys.
#[utoipa::path(get, path = "/account/passkeys", tag = "Account", responses((status = 200, description = "All of them", body = Passkeys)))]
pub(crate) async fn list_passkeys(acting: Acting) -> Result<Json<Passkeys>, ApiError> {
    let (person_id, _) = acting.me()?;
    let mut tx = acting.begin().await?;
    let items = passkeys::list(&mut tx, person_id).await?;
    Ok(Json(Passkeys { items }))
}
