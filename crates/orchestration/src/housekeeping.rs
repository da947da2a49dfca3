//! By the clock: hours are added up, and what is past its time is removed.

use std::time::Duration;

use chrono::{DurationRound, TimeDelta};
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Registry, Rhythm, Running};
use gatewright_database::{Database, DatabaseError, SystemUse};
use serde::{Deserialize, Serialize};

use crate::history::{ATTEMPTS_KEPT, BREAKER_CHANGES_KEPT};
use crate::statistics::{HOURS_KEPT, ROLLUP_LAG};
use crate::store;

/// Often enough that statistics read little more than an hour of attempts.
const ROLLUP_RHYTHM: Rhythm = Rhythm::EverySeconds(600);
const REMOVAL_RHYTHM: Rhythm = Rhythm::EverySeconds(3600);
/// Latest begin after it, so that installations which share a server do not all begin at once.
const JITTER: Duration = Duration::from_mins(1);
/// Rows that one transaction removes.
const REMOVED_AT_ONCE_MAX: i64 = 10_000;
/// How long a time line of calls stays without one.
const TURNS_KEPT: TimeDelta = TimeDelta::days(1);

/// Adds ended hours up.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct RollUp {}

impl Job for RollUp {
    const KIND: &'static str = "provisioning.roll_up";
    const LANE: Lane = Lane::Bulk;
}

struct Adder;

impl Handler for Adder {
    type Job = RollUp;

    async fn run(&self, _: RollUp, running: &Running) -> Result<Finished, Failure> {
        roll_up(running.database()).await?;
        running.finish().await
    }
}

/// Removes old attempts, moves of circuit breakers and hours.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Forget {}

impl Job for Forget {
    const KIND: &'static str = "provisioning.forget";
    const LANE: Lane = Lane::Bulk;
}

struct Forgetter;

impl Handler for Forgetter {
    type Job = Forget;

    async fn run(&self, _: Forget, running: &Running) -> Result<Finished, Failure> {
        forget(running.database()).await?;
        running.finish().await
    }
}

/// Adds up every hour that has ended and was not added up.
pub async fn roll_up(database: &Database) -> Result<u64, DatabaseError> {
    let settled = database.clock().now() - ROLLUP_LAG;
    let until = settled.duration_trunc(TimeDelta::hours(1)).unwrap_or(settled);
    let mut tx = database.system(SystemUse::KeepHouse).await?;
    // Two that added up the same hour would count it twice.
    store::statistics::alone(&mut tx).await?;
    let added = store::statistics::roll_up(&mut tx, until).await?;
    tx.commit().await?;
    Ok(added)
}

/// Removes what is past its time; returns how many rows. An attempt goes only after its hour was added up.
pub async fn forget(database: &Database) -> Result<u64, DatabaseError> {
    roll_up(database).await?;
    let now = database.clock().now();
    let mut removed = 0;
    loop {
        let mut tx = database.system(SystemUse::KeepHouse).await?;
        let attempts = store::attempts::forget(&mut tx, now - ATTEMPTS_KEPT, REMOVED_AT_ONCE_MAX).await?;
        let changes = store::health::forget_changes(&mut tx, now - BREAKER_CHANGES_KEPT, REMOVED_AT_ONCE_MAX).await?;
        let hours = store::statistics::forget(&mut tx, now - HOURS_KEPT, REMOVED_AT_ONCE_MAX).await?;
        let turns = store::turns::forget(&mut tx, now - TURNS_KEPT, REMOVED_AT_ONCE_MAX).await?;
        tx.commit().await?;
        removed += attempts + changes + hours + turns;
        if attempts.max(changes).max(hours).max(turns) < REMOVED_AT_ONCE_MAX.unsigned_abs() {
            return Ok(removed);
        }
    }
}

/// Adds it to a worker.
pub fn register(registry: &mut Registry) {
    registry.handle(Adder).schedule(ROLLUP_RHYTHM, JITTER, RollUp {});
    registry.handle(Forgetter).schedule(REMOVAL_RHYTHM, JITTER, Forget {});
}
