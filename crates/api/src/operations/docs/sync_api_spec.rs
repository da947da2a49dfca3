//! `POST /docs/api-specs/{id}/sync`

use axum::body::Bytes;
use axum::response::Response;
use gatewright_portal::limits::SYNC_BODY_MAX_BYTES;
use gatewright_portal::specs::sync;
use gatewright_types::ids::{ApiSpecId, JobId};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::{Id, Raw};
use crate::visitor::Visitor;
use crate::work::respond;

/// What looks at the source.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    /// The job.
    job_id: JobId,
}

/// Say that an API description's source has changed, so that it is looked at now: the webhook of a repository.
///
/// Signed with the secret of `sync-secret`, as GitHub does (`X-Hub-Signature-256`) or as Standard Webhooks says
/// (`webhook-id`, `webhook-timestamp`, `webhook-signature`, at most five minutes old). The body is not read.
#[utoipa::path(post, path = "/docs/api-specs/{id}/sync", tag = "Docs", params(("id" = ApiSpecId, Path)), request_body = Option<serde_json::Value>, responses((status = 202, description = "It will be looked at", body = Asked)))]
pub(crate) async fn sync_api_spec(
    visitor: Visitor,
    Id(id): Id<ApiSpecId>,
    headers: HeaderMap,
    Raw(body): Raw<SYNC_BODY_MAX_BYTES>,
) -> Result<Response, ApiError> {
    let body: Bytes = body;
    let mut tx = visitor.visit.begin().await?;
    let job_id = sync::ask(&mut tx, id, &headers, &body).await?;
    tx.commit().await?;
    Ok(respond(StatusCode::ACCEPTED, &json!(Asked { job_id })))
}
