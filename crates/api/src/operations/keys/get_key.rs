//! `GET /keys/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;
use axum::Json;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_types::ids::KeyId;

/// Get an API key; never its secret.
#[utoipa::path(get, path = "/keys/{id}", tag = "Keys", params(("id" = KeyId, Path)), responses((status = 200, description = "Get an API key; never its secret.", body = ApiKey)))]
pub(crate) async fn get_key(operator: Operator, Id(id): Id<KeyId>) -> Result<Json<ApiKey>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(look_up::get(&mut tx, id).await?))
}
