//! Jobs that are enqueued by the clock.
//!
//! Every worker looks for schedules whose time has come; the row lock and the time that is moved on in the same
//! transaction as the job is enqueued let each time make one job, however many workers look. Times that pass
//! while no worker runs make one job together.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::backoff::up_to;
use super::enqueue::Row;
use super::model::JobError;
use super::registry::Registry;
use super::store;
use crate::{Database, SystemUse};

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// First at once, then at every multiple of so many seconds since 1970.
    EverySeconds(u32),
    /// Each day at this time in UTC.
    Daily {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

impl Rhythm {
    /// The first time after `now`.
    pub fn next(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::EverySeconds(seconds) => {
                let seconds = i64::from(seconds.max(1));
                let next = (now.timestamp().div_euclid(seconds) + 1) * seconds;
                DateTime::from_timestamp(next, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
            }
            Self::Daily { hour, minute } => {
                let time = NaiveTime::from_hms_opt(u32::from(hour), u32::from(minute), 0).unwrap_or(NaiveTime::MIN);
                let today = now.date_naive().and_time(time).and_utc();
                if today > now { today } else { today + TimeDelta::days(1) }
            }
        }
    }

    /// When it is due for the first time.
    fn first(self, now: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::EverySeconds(_) => now,
            Self::Daily { .. } => self.next(now),
        }
    }
}

impl std::fmt::Display for Rhythm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EverySeconds(seconds) => write!(f, "every {seconds} s"),
            Self::Daily { hour, minute } => write!(f, "daily at {hour:02}:{minute:02} UTC"),
        }
    }
}

pub(super) type MakeRow = Box<dyn Fn(&Database) -> Result<Row, JobError> + Send + Sync>;

pub(super) struct Scheduled {
    pub(super) name: &'static str,
    pub(super) rhythm: Rhythm,
    pub(super) jitter: Duration,
    /// Makes a new job of it.
    pub(super) row: MakeRow,
}

/// Writes down the schedules of the program; one that changed its rhythm begins anew.
pub(super) async fn register(database: &Database, registry: &Registry) -> Result<(), JobError> {
    let now = database.clock().now();
    let names: Vec<String> = registry.schedules.iter().map(|one| one.name.to_owned()).collect();
    let rhythms: Vec<String> = registry.schedules.iter().map(|one| one.rhythm.to_string()).collect();
    let first: Vec<DateTime<Utc>> = registry.schedules.iter().map(|one| one.rhythm.first(now)).collect();
    let mut tx = database.system(SystemUse::RunJobs).await?;
    store::register_schedules(&mut tx, &names, &rhythms, &first).await?;
    Ok(tx.commit().await?)
}

/// Enqueues whatever is due.
pub(super) async fn tick(database: &Database, registry: &Registry) -> Result<(), JobError> {
    let names: Vec<String> = registry.schedules.iter().map(|one| one.name.to_owned()).collect();
    loop {
        let now = database.clock().now();
        let mut tx = database.system(SystemUse::RunJobs).await?;
        let due = store::due_schedule(&mut tx, &names, now).await?;
        let Some(scheduled) = registry.schedules.iter().find(|one| Some(one.name) == due.as_deref()) else {
            return Ok(tx.close().await?);
        };
        let job_id = store::insert(&mut tx, &(scheduled.row)(database)?).await?;
        let late = up_to(scheduled.jitter, database.rng());
        let next = scheduled.rhythm.next(now) + late;
        store::move_schedule(&mut tx, scheduled.name, now, next, job_id).await?;
        tx.commit().await?;
        tracing::debug!(schedule.name = scheduled.name, job.id = %job_id, "enqueued by the clock");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_time_is_always_later() {
        let hourly = Rhythm::EverySeconds(3600);
        assert_eq!(hourly.next(at("2026-01-01T10:00:00Z")), at("2026-01-01T11:00:00Z"));
        assert_eq!(hourly.next(at("2026-01-01T10:59:59.999Z")), at("2026-01-01T11:00:00Z"));
        let daily = Rhythm::Daily { hour: 3, minute: 30 };
        assert_eq!(daily.next(at("2026-02-28T03:29:59Z")), at("2026-02-28T03:30:00Z"));
        assert_eq!(daily.next(at("2026-02-28T03:30:00Z")), at("2026-03-01T03:30:00Z"));
        assert_eq!(hourly.first(at("2026-01-01T10:20:00Z")), at("2026-01-01T10:20:00Z"));
        assert_eq!(daily.first(at("2026-01-01T10:20:00Z")), at("2026-01-02T03:30:00Z"));
    }
}
