//! `GET /portal/invitations`

use axum::Json;
use gatewright_identity::invitations;
use gatewright_identity::model::Invitation;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Acting;

/// List the invitations to one's customer.
#[utoipa::path(get, path = "/portal/invitations", tag = "Portal", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Invitation>)))]
pub(crate) async fn list_colleague_invitations(
    acting: Acting,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Invitation>>, ApiError> {
    let (seat, request) = (acting.seat()?, page.request()?);
    let mut tx = acting.begin().await?;
    let page = invitations::list(&mut tx, Some(seat.customer_id), request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
