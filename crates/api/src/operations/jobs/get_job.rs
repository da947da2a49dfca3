//! `GET /jobs/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;
use axum::Json;
use gatewright_database::jobs::{JobView, manage};
use gatewright_types::ids::JobId;

/// Get a job.
#[utoipa::path(get, path = "/jobs/{id}", tag = "Jobs", params(("id" = JobId, Path)), responses((status = 200, description = "The job", body = JobView)))]
pub(crate) async fn get_job(operator: Operator, Id(id): Id<JobId>) -> Result<Json<JobView>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(manage::get(&mut tx, id).await?))
}
