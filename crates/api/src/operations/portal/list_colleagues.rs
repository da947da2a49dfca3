//! `GET /portal/colleagues`

use axum::Json;
use gatewright_identity::developers;
use gatewright_identity::model::Developer;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the developers of one's customer, oneself among them.
#[utoipa::path(get, path = "/portal/colleagues", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Developer>)))]
pub(crate) async fn list_colleagues(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Developer>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let mut tx = acting.begin().await?;
    let page = developers::list(&mut tx, Some(seat.customer_id), None, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
