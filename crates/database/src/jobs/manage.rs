//! What an operator can see of the tenant's jobs and do with them.

use chrono::TimeDelta;
use gatewright_types::ids::JobId;
use serde_json::json;

use super::model::{JobError, JobState, JobView};
use super::store;
use crate::{Database, DatabaseError, Page, PageRequest, SystemUse, TenantTx, error::broken_unique};

/// How long a job can be seen after it has ended.
pub const KEPT: TimeDelta = TimeDelta::days(7);
/// Most jobs that one statement removes.
const REMOVED_AT_ONCE_MAX: i64 = 5000;

/// Which jobs are wanted.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only those in this state.
    pub state: Option<JobState>,
    /// Only those of this kind.
    pub kind: Option<String>,
}

/// The tenant's jobs, newest first.
pub async fn list(tx: &mut TenantTx, filter: &JobFilter, page: PageRequest) -> Result<Page<JobView>, JobError> {
    let rows = store::list(tx, filter.state, filter.kind.as_deref(), page).await?;
    Ok(Page::from_rows(rows, page))
}

/// One of the tenant's jobs.
pub async fn get(tx: &mut TenantTx, id: JobId) -> Result<JobView, JobError> {
    store::find(tx, id).await?.ok_or(JobError::NotFound(id))
}

/// Cancels a queued job at once. A running one is asked: it ends as CANCELLED when its handler heeds that or its
/// attempt fails, and as SUCCEEDED when it was done first.
pub async fn cancel(tx: &mut TenantTx, id: JobId) -> Result<JobView, JobError> {
    let before = store::find(tx, id).await?.ok_or(JobError::NotFound(id))?;
    let cancelled = store::cancel(tx, id).await?;
    let job = get(tx, id).await?;
    if !cancelled {
        return Err(JobError::State {
            state: job.state,
            allowed: "only a QUEUED or RUNNING job can be cancelled",
        });
    }
    let detail = json!({ "kind": job.kind, "state": job.state });
    tx.changed_telling("jobs", "job.cancelled", id, detail, &before, &job);
    Ok(job)
}

/// Queues a job again that was given up; its attempts begin anew.
///
/// Fails while another one with its unique key has not ended; the transaction can then only be dropped.
pub async fn replay(tx: &mut TenantTx, id: JobId) -> Result<JobView, JobError> {
    let before = store::find(tx, id).await?.ok_or(JobError::NotFound(id))?;
    let replayed = store::replay(tx, id).await.map_err(|error| {
        let clash = broken_unique(&error) == Some("jobs_unique");
        if clash { JobError::Replaced(id) } else { error.into() }
    })?;
    let job = get(tx, id).await?;
    if !replayed {
        return Err(JobError::State {
            state: job.state,
            allowed: "only a FAILED or DEAD job can be replayed",
        });
    }
    tx.changed_telling("jobs", "job.replayed", id, json!({ "kind": job.kind }), &before, &job);
    Ok(job)
}

/// Removes jobs that ended more than [`KEPT`] ago, of every tenant; returns how many.
///
/// In several transactions: one for all could hold too much for too long.
pub async fn remove_ended(database: &Database) -> Result<u64, DatabaseError> {
    let mut removed = 0;
    loop {
        let mut tx = database.system(SystemUse::KeepHouse).await?;
        let before = database.clock().now() - KEPT;
        let now_removed = store::remove_ended(&mut tx, before, REMOVED_AT_ONCE_MAX).await?;
        tx.commit().await?;
        removed += now_removed;
        if now_removed < REMOVED_AT_ONCE_MAX.unsigned_abs() {
            return Ok(removed);
        }
    }
}
