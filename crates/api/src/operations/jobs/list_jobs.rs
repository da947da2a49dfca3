//! `GET /jobs`

use axum::Json;
use gatewright_database::jobs::manage::{self, JobFilter};
use gatewright_database::jobs::{JobState, JobView};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which jobs are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobQuery {
    /// Only those in this state; DEAD and FAILED are what was given up.
    state: Option<JobState>,
    /// Only those of this kind.
    kind: Option<String>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the tenant's jobs.
///
/// A job can be seen for seven days after it has ended.
#[utoipa::path(get, path = "/jobs", tag = "Jobs", params(JobQuery), responses((status = 200, description = "A page, newest first", body = List<JobView>)))]
pub(crate) async fn list_jobs(
    operator: Operator,
    Query(query): Query<JobQuery>,
) -> Result<Json<List<JobView>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let filter = JobFilter {
        state: query.state,
        kind: query.kind,
    };
    let mut tx = operator.begin().await?;
    let page = manage::list(&mut tx, &filter, request).await?;
    Ok(Json(List::new(page, |job| job.id.uuid())))
}
