//! `POST /jobs/{id}/cancel`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};
use axum::response::Response;
use gatewright_database::jobs::{JobView, manage};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::JobId;

/// Cancel a job.
///
/// A QUEUED one is CANCELLED at once. A RUNNING one is asked to end: `cancelRequested` says so until it has ended as
/// CANCELLED, or as SUCCEEDED where it was done first.
#[utoipa::path(post, path = "/jobs/{id}/cancel", tag = "Jobs", params(("id" = JobId, Path)), responses((status = 200, description = "The job", body = JobView)))]
pub(crate) async fn cancel_job(Id(id): Id<JobId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let job = manage::cancel(work.tx(), id).await?;
    work.done(&job, Effects::default()).await
}
