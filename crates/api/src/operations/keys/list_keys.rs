//! `GET /keys`

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{KeyQuery, List, page_request};
use crate::principal::Operator;

/// List API keys; never their secrets.
#[utoipa::path(get, path = "/keys", tag = "Keys", params(KeyQuery), responses((status = 200, description = "A page, newest first", body = List<ApiKey>)))]
pub(crate) async fn list_keys(
    operator: Operator,
    Query(query): Query<KeyQuery>,
) -> Result<Json<List<ApiKey>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(
        look_up::list(&mut tx, query.subscription_id, request).await?,
        |item| item.id.uuid(),
    )))
}
