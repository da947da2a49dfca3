//! Removing what nodes do not need any more, each hour.

use std::time::Duration;

use chrono::TimeDelta;
use gatewright_database::SystemUse;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Registry, Rhythm, Running};
use serde::{Deserialize, Serialize};

use super::NEWS_KEPT;
use super::enroll::IN_PROCESS_FORGOTTEN_AFTER;
use crate::{store, uses};

/// Often enough that news are kept for little longer than an hour.
const RHYTHM: Rhythm = Rhythm::EverySeconds(600);
/// Latest begin after it, so that installations which share a server do not all begin at once.
const JITTER: Duration = Duration::from_mins(1);
/// How long codes that are of no use any more stay, for whoever wonders.
const CODES_KEPT: TimeDelta = TimeDelta::days(1);

/// Removes old news, old codes, old uses of keys, and nodes that ended with their process without a word.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ForgetNews {}

impl Job for ForgetNews {
    const KIND: &'static str = "nodes.forget_news";
    const LANE: Lane = Lane::Bulk;
}

struct NewsForgetter;

impl Handler for NewsForgetter {
    type Job = ForgetNews;

    async fn run(&self, _: ForgetNews, running: &Running) -> Result<Finished, Failure> {
        let now = running.database().clock().now();
        let mut finishing = running.finish_across(SystemUse::KeepHouse).await?;
        store::news::forget(&mut finishing, now - NEWS_KEPT).await?;
        store::nodes::forget_codes(&mut finishing, now - CODES_KEPT).await?;
        store::nodes::forget_in_process(&mut finishing, now - IN_PROCESS_FORGOTTEN_AFTER).await?;
        store::uses::forget(&mut finishing, now - uses::KEPT).await?;
        finishing.commit().await
    }
}

/// Adds it to a worker.
pub fn register(registry: &mut Registry) {
    registry.handle(NewsForgetter).schedule(RHYTHM, JITTER, ForgetNews {});
}
