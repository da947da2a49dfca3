//! How much work there is, by kind, for whoever watches an installation.

use std::time::Duration;

use super::store;
use crate::{Database, DatabaseError, SystemUse};

/// Most kinds that are counted. A program has a few dozen; older ones may have left some.
pub const KINDS_MAX: i64 = 200;

/// The jobs of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The kind.
    pub kind: String,
    /// Jobs that wait, for their time or for a worker.
    pub queued: i64,
    /// Jobs that are being done.
    pub running: i64,
    /// Jobs that have failed too often and wait for a person.
    pub dead: i64,
    /// For how long the oldest one whose time has come waits for a worker.
    pub waiting: Duration,
}

/// Counts the jobs of all tenants and of the installation.
pub async fn figures(database: &Database) -> Result<Vec<Figures>, DatabaseError> {
    let now = database.clock().now();
    let mut tx = database.system(SystemUse::RunJobs).await?;
    let rows = store::figures(&mut tx, now, KINDS_MAX).await?;
    tx.close().await?;
    let figures = rows.into_iter().map(|row| Figures {
        kind: row.kind,
        queued: row.queued,
        running: row.running,
        dead: row.dead,
        waiting: row
            .oldest
            .and_then(|oldest| (now - oldest).to_std().ok())
            .unwrap_or_default(),
    });
    Ok(figures.collect())
}
