//! `POST /docs/api-specs/{id}/roll-back`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs::revisions::{self, RollBack};
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Publish an earlier revision's document again, as a new revision. A source that is looked at takes its place when it changes.
#[utoipa::path(post, path = "/docs/api-specs/{id}/roll-back", tag = "Docs", params(("id" = ApiSpecId, Path)), request_body = RollBack, responses((status = 202, description = "The description, whose newest revision is being imported", body = ApiSpec)))]
pub(crate) async fn roll_back_api_spec(
    Id(id): Id<ApiSpecId>,
    command: Command<RollBack>,
) -> Result<Response, ApiError> {
    let (mut work, how) = command.begin().await?;
    let spec = revisions::roll_back(work.tx(), id, &how).await?;
    work.accepted(&spec, Effects::default()).await
}
