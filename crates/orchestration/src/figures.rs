//! What a Prometheus server is told of connected gateways: what this process has tried, and how everything stands.
//!
//! Labels are vendors, operations and outcomes: nothing that a tenant or a gateway names.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gatewright_connectors::model::Vendor;
use gatewright_database::{Database, DatabaseError, SystemUse};

use crate::breaker::BreakerState;
use crate::model::Urgency;
use crate::store;

/// Upper bounds of the classes of durations, in seconds; one more class holds what took longer.
pub const DURATION_BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// For so long something may be due before it is overdue.
const OVERDUE_AFTER: chrono::TimeDelta = chrono::TimeDelta::minutes(1);

/// How often one operation came to one outcome, and how long that took.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// All durations together.
    pub took: Duration,
    /// How many fell into each class of [`DURATION_BOUNDS`], and beyond.
    pub classes: [u64; DURATION_BOUNDS.len() + 1],
}

/// Vendor, operation, and whether it succeeded.
pub type TallyKey = (&'static str, &'static str, bool);

/// What a process has tried since its start.
#[derive(Debug, Default)]
pub struct Tallies(Mutex<BTreeMap<TallyKey, Tally>>);

impl Tallies {
    /// Counts an attempt.
    pub(crate) fn count(&self, vendor: Vendor, operation: &'static str, succeeded: bool, took: Duration) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry((vendor.as_str(), operation, succeeded)).or_default();
        tally.count += 1;
        tally.took += took;
        let seconds = took.as_secs_f64();
        let class = DURATION_BOUNDS.iter().position(|bound| seconds <= *bound);
        tally.classes[class.unwrap_or(DURATION_BOUNDS.len())] += 1;
    }

    /// All of them.
    pub fn all(&self) -> Vec<(TallyKey, Tally)> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.iter().map(|(key, tally)| (*key, tally.clone())).collect()
    }
}

/// How all connected gateways stand.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    /// How many circuit breakers of a vendor's gateways are in which state.
    pub breakers: Vec<(Vendor, BreakerState, i64)>,
    /// By urgency: how many applications are due, and how many for more than a minute.
    pub due: Vec<(&'static str, i64, i64)>,
    /// For how long the oldest end of somebody's access waits to be confirmed.
    pub security_waiting: Duration,
    /// How many wait for a person.
    pub dead: i64,
}

/// What urgencies are called.
const URGENCIES: [(i16, &str); 4] = [
    (Urgency::Security.as_i16(), "security"),
    (Urgency::Interactive.as_i16(), "interactive"),
    (Urgency::Normal.as_i16(), "normal"),
    (Urgency::Bulk.as_i16(), "bulk"),
];

/// Counts over all tenants.
pub async fn standings(database: &Database) -> Result<Standings, DatabaseError> {
    let now = database.clock().now();
    let mut tx = database.system(SystemUse::ProvisionGateways).await?;
    let breakers = store::figures::breakers(&mut tx).await?;
    let due = store::figures::due(&mut tx, now, now - OVERDUE_AFTER).await?;
    let dead = store::figures::dead(&mut tx).await?;
    tx.close().await?;
    let oldest = due
        .iter()
        .filter(|row| row.urgency == Urgency::Security.as_i16())
        .filter_map(|row| row.oldest)
        .min();
    Ok(Standings {
        breakers: breakers
            .into_iter()
            .map(|row| (row.vendor, row.breaker, row.count))
            .collect(),
        due: URGENCIES
            .iter()
            .map(|(number, name)| {
                let row = due.iter().find(|row| row.urgency == *number);
                (*name, row.map_or(0, |row| row.due), row.map_or(0, |row| row.overdue))
            })
            .collect(),
        security_waiting: oldest
            .and_then(|oldest| (now - oldest).to_std().ok())
            .unwrap_or_default(),
        dead,
    })
}
