//! `GET /docs/api-specs/{id}/revisions/{revisionId}/document`

use axum::body::Body;
use axum::response::Response;
use gatewright_portal::specs::revisions;
use gatewright_types::ids::{ApiRevisionId, ApiSpecId};
use http::{HeaderValue, header};

use crate::error::ApiError;
use crate::extract::Ids;
use crate::principal::Operator;

/// Get the document of a revision as somebody wrote it, byte for byte; of the newest 20 and the published one.
#[utoipa::path(get, path = "/docs/api-specs/{id}/revisions/{revisionId}/document", tag = "Docs", params(("id" = ApiSpecId, Path), ("revisionId" = ApiRevisionId, Path)), responses((status = 200, description = "The document", content((String = "text/plain")))))]
pub(crate) async fn get_api_revision_document(
    operator: Operator,
    Ids(id, revision): Ids<ApiSpecId, ApiRevisionId>,
) -> Result<Response, ApiError> {
    let mut tx = operator.begin().await?;
    let written = revisions::document(&mut tx, id, revision).await?;
    let mut response = Response::new(Body::from(written.source));
    let headers = response.headers_mut();
    // Whatever it was said to be where it came from: here it is text, and nothing that a browser acts on.
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"openapi.txt\""),
    );
    Ok(response)
}
