//! `GET /keys/{id}/use`

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_native::uses::{self, KeyUses};
use gatewright_types::ids::KeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get how an API key is used on native gateways, about five seconds behind: what would stop working without it.
#[utoipa::path(get, path = "/keys/{id}/use", tag = "Keys", params(("id" = KeyId, Path)), responses((status = 200, description = "How it is used", body = KeyUses)))]
pub(crate) async fn get_key_use(operator: Operator, Id(id): Id<KeyId>) -> Result<Json<KeyUses>, ApiError> {
    let mut tx = operator.begin().await?;
    look_up::get(&mut tx, id).await?;
    Ok(Json(uses::of_key(&mut tx, id).await?))
}
