//! `GET /portal/keys/{id}/use`

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_native::uses::{self, KeyUses};
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;

/// Get how an API key of one's customer is used on native gateways, about five seconds behind.
#[utoipa::path(get, path = "/portal/keys/{id}/use", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "How it is used", body = KeyUses)))]
pub(crate) async fn get_own_key_use(acting: Acting, Id(id): Id<KeyId>) -> Result<Json<KeyUses>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    look_up::get_of_customer(&mut tx, seat.customer_id, id).await?;
    Ok(Json(uses::of_key(&mut tx, id).await?))
}
