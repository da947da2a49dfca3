//! What the installation does for itself: removing rows that are past their time, each hour.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::jobs::{Failure, Finished, Handler, Job, Lane, Registry, Rhythm, Running, manage};
use crate::{SystemUse, idempotency};

const HOURLY: Rhythm = Rhythm::EverySeconds(3600);
/// Latest begin after the full hour, so that installations which share a server do not all begin at once.
const JITTER: Duration = Duration::from_mins(5);

/// Removes answers that were kept under an `Idempotency-Key`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ForgetAnswers {}

impl Job for ForgetAnswers {
    const KIND: &'static str = "housekeeping.forget_answers";
    const LANE: Lane = Lane::Bulk;
}

struct AnswerForgetter;

impl Handler for AnswerForgetter {
    type Job = ForgetAnswers;

    async fn run(&self, _: ForgetAnswers, running: &Running) -> Result<Finished, Failure> {
        let now = running.database().clock().now();
        let mut finishing = running.finish_across(SystemUse::KeepHouse).await?;
        idempotency::forget_old(&mut finishing, now).await?;
        finishing.commit().await
    }
}

/// Removes jobs that ended a week ago.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RemoveJobs {}

impl Job for RemoveJobs {
    const KIND: &'static str = "housekeeping.remove_jobs";
    const LANE: Lane = Lane::Bulk;
}

struct JobRemover;

impl Handler for JobRemover {
    type Job = RemoveJobs;

    async fn run(&self, _: RemoveJobs, running: &Running) -> Result<Finished, Failure> {
        manage::remove_ended(running.database()).await?;
        running.finish().await
    }
}

/// Adds it to a worker.
pub fn register(registry: &mut Registry) {
    registry
        .handle(AnswerForgetter)
        .schedule(HOURLY, JITTER, ForgetAnswers {});
    registry.handle(JobRemover).schedule(HOURLY, JITTER, RemoveJobs {});
}
