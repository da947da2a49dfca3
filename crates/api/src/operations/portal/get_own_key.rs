//! `GET /portal/keys/{id}`

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;

/// Get an API key of one's customer; never its secret.
#[utoipa::path(get, path = "/portal/keys/{id}", tag = "Portal", params(("id" = KeyId, Path)), responses((status = 200, description = "The key", body = ApiKey)))]
pub(crate) async fn get_own_key(acting: Acting, Id(id): Id<KeyId>) -> Result<Json<ApiKey>, ApiError> {
    let seat = acting.seat()?;
    let mut tx = acting.begin().await?;
    Ok(Json(look_up::get_of_customer(&mut tx, seat.customer_id, id).await?))
}
