//! One attempt: run the handler, and write down how it ended.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

use super::backoff::backoff;
use super::handler::{Failure, Finished, Running};
use super::model::JobState;
use super::store::{self, Claimed};
use super::worker::Shared;
use crate::{DatabaseError, SystemUse};

/// Runs a claimed job once.
pub(super) async fn attempt(shared: &Shared, job: &Running, claimed: Claimed) {
    let Claimed {
        kind,
        payload,
        attempts_max,
        ..
    } = claimed;
    let ended = run(shared, job, &kind, payload).await;
    let (id, attempt) = (job.id(), job.attempt());
    let failure = match ended {
        Ok(Finished { .. }) => {
            tracing::debug!(job.id = %id, job.kind = kind, attempt, "a job is done");
            return;
        }
        Err(Failure::LeaseLost) => {
            tracing::warn!(job.id = %id, job.kind = kind, attempt, "a job went to another worker meanwhile");
            return;
        }
        Err(failure) => failure,
    };
    match &failure {
        Failure::Cancelled => tracing::info!(job.id = %id, job.kind = kind, "a job was cancelled"),
        failure => tracing::warn!(job.id = %id, job.kind = kind, attempt, error = %failure, "an attempt has failed"),
    }
    match settle(job, &failure, attempts_max).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(job.id = %id, "the job went to another worker meanwhile, or had ended"),
        Err(error) => tracing::warn!(job.id = %id, %error, "how an attempt ended could not be written; it runs again"),
    }
}

async fn run(shared: &Shared, job: &Running, kind: &str, payload: serde_json::Value) -> Result<Finished, Failure> {
    let entry = shared
        .registry
        .handlers
        .get(kind)
        .ok_or_else(|| Failure::Retry("no handler knows its kind".to_owned()))?;
    // Called inside, so that a handler which panics before its first await is caught as well.
    let handler = AssertUnwindSafe(async { (entry.run)(payload, job.clone()).await }).catch_unwind();
    tokio::select! {
        // First what the handler says: an end that it has committed is no lost lease.
        biased;
        ended = tokio::time::timeout(entry.time_limit, handler) => match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Err(Failure::Retry("the handler panicked".to_owned())),
            Err(_) => Err(Failure::Retry(format!("it took longer than {} s", entry.time_limit.as_secs()))),
        },
        () = job.lease_lost() => Err(Failure::LeaseLost),
    }
}

/// Writes down how a failed attempt ended; returns whether the lease was still ours.
async fn settle(job: &Running, failure: &Failure, attempts_max: i32) -> Result<bool, DatabaseError> {
    let database = job.database();
    let now = database.clock().now();
    let message = failure.message();
    let (id, token) = (job.id(), job.token());
    let mut tx = database.system(SystemUse::RunJobs).await?;
    let ours = match failure {
        Failure::Cancelled => store::give_up(&mut tx, id, token, JobState::Cancelled, now, None).await?,
        Failure::Fatal(_) => store::give_up(&mut tx, id, token, JobState::Failed, now, Some(&message)).await?,
        _ if job.attempt() >= attempts_max => {
            store::give_up(&mut tx, id, token, JobState::Dead, now, Some(&message)).await?
        }
        other => {
            let pause = match other {
                Failure::RetryAfter { pause, .. } => *pause,
                _ => backoff(job.attempt(), database.rng()),
            };
            store::put_back(&mut tx, id, token, now, now + pause, &message).await?
        }
    };
    tx.commit().await?;
    Ok(ours)
}
