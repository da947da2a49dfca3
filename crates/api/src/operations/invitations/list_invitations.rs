//! `GET /invitations`

use axum::Json;
use gatewright_identity::invitations;
use gatewright_identity::model::Invitation;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List invitations to be an operator.
#[utoipa::path(get, path = "/invitations", tag = "Operators", params(PageQuery), responses((status = 200, description = "A page, newest first", body = List<Invitation>)))]
pub(crate) async fn list_invitations(
    operator: Operator,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Invitation>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = invitations::list(&mut tx, None, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
