//! `GET /docs/api-specs/{id}/revisions`

use axum::Json;
use gatewright_portal::model::RevisionSummary;
use gatewright_portal::specs::revisions;
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List the revisions of an API description.
#[utoipa::path(get, path = "/docs/api-specs/{id}/revisions", tag = "Docs", params(("id" = ApiSpecId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<RevisionSummary>)))]
pub(crate) async fn list_api_revisions(
    operator: Operator,
    Id(id): Id<ApiSpecId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<RevisionSummary>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = revisions::list(&mut tx, id, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
