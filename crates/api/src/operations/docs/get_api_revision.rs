//! `GET /docs/api-specs/{id}/revisions/{revisionId}`

use axum::Json;
use gatewright_portal::model::Revision;
use gatewright_portal::specs::revisions;
use gatewright_types::ids::{ApiRevisionId, ApiSpecId};

use crate::error::ApiError;
use crate::extract::Ids;
use crate::principal::Operator;

/// Get a revision: how far its import is, what was found in it, and what changed.
#[utoipa::path(get, path = "/docs/api-specs/{id}/revisions/{revisionId}", tag = "Docs", params(("id" = ApiSpecId, Path), ("revisionId" = ApiRevisionId, Path)), responses((status = 200, description = "The revision", body = Revision)))]
pub(crate) async fn get_api_revision(
    operator: Operator,
    Ids(id, revision): Ids<ApiSpecId, ApiRevisionId>,
) -> Result<Json<Revision>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(revisions::get(&mut tx, id, revision).await?))
}
