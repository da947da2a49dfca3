//! Looking at a source again: when it is due, and when a signed request says that it has changed.
//!
//! Such a request only makes us look at the address that an operator chose; nothing in it is believed. So whoever sends an
//! old one again gains nothing but that look.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, NewJob, Running, enqueue, enqueue_across};
use gatewright_database::{SystemUse, TenantTx};
use gatewright_types::Rng;
use gatewright_types::ids::{ApiSpecId, JobId};
use gatewright_vault::Sealed;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{hold, shown, signature, told};
use crate::import::ImportSpec;
use crate::limits::{DUE_AT_ONCE, SYNC_BACKOFF_MAX, SYNC_JITTER_PART};
use crate::model::{ApiSpec, Cause};
use crate::store::specs::Row;
use crate::{PortalError, store};

/// Kind of the secret that requests to look at once are signed with.
const SECRET_KIND: &str = "api-spec-sync-secret";
/// How long a source that was made due is left alone, should its job be lost.
const PUT_OFF: TimeDelta = TimeDelta::minutes(15);

/// Why somebody looks at a source: whoever asks does so at a time of their own, what is due is put off from the same moment.
pub(crate) fn cause(row: &Row) -> Cause {
    let made_due_at = row.next_sync_at.map(|at| at - PUT_OFF);
    if row.sync_requested_at.is_some() && row.sync_requested_at == made_due_at {
        Cause::Schedule
    } else {
        Cause::Webhook
    }
}

/// When a source is looked at next: after its time, up to a tenth later so that not all come at once; after looks that failed,
/// twice as late each time.
pub(crate) fn next(row: &Row, now: DateTime<Utc>, rng: &Rng) -> Option<DateTime<Utc>> {
    let minutes = row.sync_minutes.filter(|_| row.source_url.is_some())?;
    let pause = TimeDelta::minutes(i64::from(minutes));
    let doubled = pause * 2_i32.pow(row.sync_failures.clamp(0, 10).cast_unsigned());
    let pause = if row.sync_failures > 0 {
        doubled.min(SYNC_BACKOFF_MAX.max(pause))
    } else {
        pause
    };
    let jitter_seconds = (pause / SYNC_JITTER_PART).num_seconds().max(1);
    let jitter = i64::from(u32::from_le_bytes(rng.bytes())) % jitter_seconds;
    Some(now + pause + TimeDelta::seconds(jitter))
}

/// A description with the secret that its source may sign with, which is shown now and never again.
pub struct WithSecret {
    /// The description.
    pub spec: ApiSpec,
    /// The secret.
    pub secret: SecretString,
}

/// Gives a description a new secret, in the place of the one that it may have.
pub async fn make_secret(tx: &mut TenantTx, id: ApiSpecId) -> Result<WithSecret, PortalError> {
    let mut row = hold(tx, id).await?;
    let before = told(&row);
    let secret = signature::mint(tx.rng());
    row.sync_secret_version += 1;
    row.updated_at = tx.now();
    let version = row.sync_secret_version.cast_unsigned();
    let sealed = tx.seal(SECRET_KIND, id.uuid(), version, &secret).await?;
    row.sync_secret = Some(sealed.as_bytes().to_vec());
    store::specs::update(tx, &row).await?;
    let detail = json!({ "version": row.sync_secret_version });
    tx.changed_telling("portal", "api_spec.sync_secret_made", id, detail, &before, &told(&row));
    let spec = shown(tx, row).await?;
    Ok(WithSecret { spec, secret })
}

/// Looks at a source at once because somebody with the secret says so; the job that does it.
///
/// Everything that is wrong is [`PortalError::NotSigned`]: a stranger does not learn which descriptions there are.
pub async fn ask(tx: &mut TenantTx, id: ApiSpecId, headers: &HeaderMap, body: &[u8]) -> Result<JobId, PortalError> {
    let found = store::specs::hold(tx, id).await?;
    let mut row = found.ok_or(PortalError::NotSigned)?;
    let sealed = row.sync_secret.clone().ok_or(PortalError::NotSigned)?;
    let version = row.sync_secret_version.cast_unsigned();
    let sealed = Sealed::from_bytes(sealed).map_err(gatewright_database::DatabaseError::from)?;
    let secret = tx.open(SECRET_KIND, id.uuid(), version, &sealed).await?;
    if !signature::is_right(secret.expose_secret(), headers, body, tx.now()) {
        return Err(PortalError::NotSigned);
    }
    if row.source_url.is_none() {
        return Err(PortalError::NoSource);
    }
    row.sync_requested_at = Some(tx.now());
    store::specs::update(tx, &row).await?;
    let job = NewJob::new(ImportSpec { spec_id: id }).unique(id.to_string());
    let job_id = enqueue(tx, job.in_lane(Lane::Interactive)).await?;
    tx.happened("portal", "api_spec.sync_asked", id, json!({}));
    Ok(job_id)
}

/// Makes sources due whose time has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MakeDue {}

impl Job for MakeDue {
    const KIND: &'static str = "portal.make_sources_due";
}

/// Does [`MakeDue`].
pub(crate) struct Clockwork;

impl Handler for Clockwork {
    type Job = MakeDue;

    async fn run(&self, _: MakeDue, running: &Running) -> Result<Finished, Failure> {
        let database = running.database().clone();
        let mut finishing = running.finish_across(SystemUse::SyncSources).await?;
        let now = database.clock().now();
        let due = store::specs::take_due(&mut finishing, now, now + PUT_OFF, DUE_AT_ONCE).await?;
        for (tenant_id, spec_id) in due {
            let job = NewJob::new(ImportSpec { spec_id }).unique(spec_id.to_string());
            let made = enqueue_across(&mut finishing, &database, Some(tenant_id), job.in_lane(Lane::Bulk)).await;
            made.map_err(|error| Failure::Retry(error.to_string()))?;
        }
        finishing.commit().await
    }
}
