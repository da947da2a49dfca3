//! `GET /portal/keys`

use axum::Json;
use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the API keys of one's customer; never their secrets.
#[utoipa::path(get, path = "/portal/keys", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<ApiKey>)))]
pub(crate) async fn list_own_keys(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<ApiKey>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let mut tx = acting.begin().await?;
    let page = look_up::list_of_customer(&mut tx, seat.customer_id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
