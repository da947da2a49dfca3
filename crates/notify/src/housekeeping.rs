//! Clears away what is old.

use std::time::Duration;

use chrono::TimeDelta;
use gatewright_database::SystemUse;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Running};
use serde::{Deserialize, Serialize};

use crate::store::{events, mails};

/// How long deliveries are shown after their end, and can be replayed.
pub const DELIVERIES_KEPT: TimeDelta = TimeDelta::days(30);
/// How long mails are kept, sent or not.
pub const MAILS_KEPT: TimeDelta = TimeDelta::days(7);
/// Most rows that one statement removes.
const BATCH: i64 = 1_000;
/// How late it may begin.
pub(crate) const JITTER: Duration = Duration::from_secs(60);

/// Removes old deliveries, old mails, and secrets that sign no more.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeepHouse {}

impl Job for KeepHouse {
    const KIND: &'static str = "notify.keep_house";
    const LANE: Lane = Lane::Bulk;
}

/// Does [`KeepHouse`].
pub struct Housekeeper;

impl Handler for Housekeeper {
    type Job = KeepHouse;

    async fn run(&self, _: KeepHouse, running: &Running) -> Result<Finished, Failure> {
        let now = running.database().clock().now();
        while !running.is_cancelled() {
            let mut tx = running.database().system(SystemUse::KeepHouse).await?;
            let deliveries = events::remove_ended(&mut tx, now - DELIVERIES_KEPT, BATCH).await?;
            let mails = mails::remove_old(&mut tx, now - MAILS_KEPT, BATCH).await?;
            events::remove_ended_secrets(&mut tx, now).await?;
            tx.commit().await?;
            if deliveries == 0 && mails == 0 {
                return running.finish().await;
            }
        }
        Err(Failure::Cancelled)
    }
}
