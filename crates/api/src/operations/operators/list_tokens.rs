//! `GET /operators/{id}/tokens`

use axum::Json;
use gatewright_identity::model::Token;
use gatewright_identity::tokens;
use gatewright_types::ids::OperatorId;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List an operator's tokens, those that ended within 90 days included; never the tokens themselves.
#[utoipa::path(get, path = "/operators/{id}/tokens", tag = "Operators", params(("id" = OperatorId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<Token>)))]
pub(crate) async fn list_tokens(
    operator: Operator,
    Id(id): Id<OperatorId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Token>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = tokens::list(&mut tx, id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
