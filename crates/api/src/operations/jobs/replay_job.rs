//! `POST /jobs/{id}/replay`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};
use axum::response::Response;
use gatewright_database::jobs::{JobView, manage};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::JobId;

/// Queue a job again that was given up.
///
/// Only a DEAD or FAILED one; its attempts begin anew.
#[utoipa::path(post, path = "/jobs/{id}/replay", tag = "Jobs", params(("id" = JobId, Path)), responses((status = 200, description = "The job", body = JobView)))]
pub(crate) async fn replay_job(Id(id): Id<JobId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let job = manage::replay(work.tx(), id).await?;
    work.done(&job, Effects::default()).await
}
