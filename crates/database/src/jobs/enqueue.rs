//! Adding a job, in the transaction of the use case that needs it.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{JobId, TenantId};
use gatewright_types::{Clock, Rng};
use serde_json::Value;

use super::model::{Job, JobError, NewJob, PAYLOAD_MAX_BYTES, UNIQUE_KEY_MAX};
use super::store;
use crate::{Database, SystemTx, TenantTx};

/// What is written of a new job.
pub(super) struct Row {
    pub(super) id: JobId,
    pub(super) tenant_id: Option<TenantId>,
    pub(super) kind: &'static str,
    pub(super) lane: &'static str,
    pub(super) payload: Value,
    pub(super) unique_key: Option<String>,
    pub(super) attempts_max: i32,
    pub(super) due_at: DateTime<Utc>,
    pub(super) now: DateTime<Utc>,
}

/// Enqueues a job of the transaction's tenant; it exists when the transaction has committed. One round trip.
///
/// Where the new job has a unique key and one with that key has not ended, returns that one's id. If it was
/// still queued, it runs after this commit and so sees it. If it was running, it may have looked before: however
/// that run ends, it is queued again, with all its attempts. Two with one key never run at once.
pub async fn enqueue<J: Job>(tx: &mut TenantTx, job: NewJob<J>) -> Result<JobId, JobError> {
    let tenant_id = Some(tx.tenant_id());
    let row = row(job, tenant_id, tx.clock(), tx.rng(), tx.now())?;
    Ok(store::insert(tx, &row).await?)
}

/// The same for any tenant, or with none for the installation itself.
pub async fn enqueue_across<J: Job>(
    tx: &mut SystemTx,
    database: &Database,
    tenant_id: Option<TenantId>,
    job: NewJob<J>,
) -> Result<JobId, JobError> {
    let (clock, rng) = (database.clock(), database.rng());
    let row = row(job, tenant_id, clock, rng, clock.now())?;
    Ok(store::insert(tx, &row).await?)
}

pub(super) fn row<J: Job>(
    job: NewJob<J>,
    tenant_id: Option<TenantId>,
    clock: &Clock,
    rng: &Rng,
    now: DateTime<Utc>,
) -> Result<Row, JobError> {
    let unacceptable = |why: String| JobError::Unacceptable { kind: J::KIND, why };
    let payload = serde_json::to_value(&job.payload).map_err(|error| unacceptable(error.to_string()))?;
    if payload.to_string().len() > PAYLOAD_MAX_BYTES {
        return Err(unacceptable(format!(
            "its payload is longer than {PAYLOAD_MAX_BYTES} bytes"
        )));
    }
    if job.unique_key.as_ref().is_some_and(|key| key.len() > UNIQUE_KEY_MAX) {
        return Err(unacceptable(format!(
            "its unique key is longer than {UNIQUE_KEY_MAX} bytes"
        )));
    }
    Ok(Row {
        id: JobId::mint(clock, rng),
        tenant_id,
        kind: J::KIND,
        lane: job.lane.as_str(),
        payload,
        unique_key: job.unique_key,
        attempts_max: i32::from(J::ATTEMPTS_MAX.max(1)),
        due_at: job.run_at.unwrap_or(now),
        now,
    })
}
