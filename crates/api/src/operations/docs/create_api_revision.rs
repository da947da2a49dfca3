//! `POST /docs/api-specs/{id}/revisions`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs::revisions::{self, NewRevision};
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::{CONTRACT_BODY_MAX_BYTES, Id};
use crate::work::Command;

/// Upload another document of an API description, or fetch it again. What is published stays until the new one is good.
#[utoipa::path(post, path = "/docs/api-specs/{id}/revisions", tag = "Docs", params(("id" = ApiSpecId, Path)), request_body = NewRevision, responses((status = 202, description = "The description, whose newest revision is being imported", body = ApiSpec)))]
pub(crate) async fn create_api_revision(
    Id(id): Id<ApiSpecId>,
    command: Command<NewRevision, CONTRACT_BODY_MAX_BYTES>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let spec = revisions::add(work.tx(), id, new).await?;
    work.accepted(&spec, Effects::default()).await
}
