//! How fast calls go to a gateway: its rate is shared by all workers, and nobody exceeds it.
//!
//! A process takes a short stretch of the connection's time line from the database and hands it out call by call.
//! Stretches do not overlap, so all processes together stay below the rate. What is not used is lost.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_connectors::link::CallRecord;
use gatewright_connectors::{Fault, FaultKind, Gate};
use gatewright_database::{Database, SystemUse};
use gatewright_types::ids::GatewayId;
use tokio::sync::Mutex;

use crate::store;

/// Longest wait for a turn inside a worker; what would have to wait longer is put back.
const WAIT_MAX: TimeDelta = TimeDelta::seconds(2);
/// How much of the time line a process takes at once.
const STRETCH: TimeDelta = TimeDelta::milliseconds(250);
/// How much of the time line may be made up for: calls that were not made a moment ago are made now.
///
/// Together with [`SHARE_PERCENT`] it stays below the rate in every second.
const BURST: TimeDelta = TimeDelta::milliseconds(50);
/// How much of a gateway's rate is used.
const SHARE_PERCENT: i64 = 95;

/// The rate of one connection, as far as this process has taken it.
pub(crate) struct Rate {
    database: Database,
    connection_id: GatewayId,
    interval: TimeDelta,
    /// Held while the next stretch is taken: whoever waits for a turn waits for that anyway.
    taken: Mutex<Taken>,
}

struct Taken {
    next: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Rate {
    pub(crate) fn new(database: Database, connection_id: GatewayId, calls_per_second: i32) -> Self {
        let micros = 1_000_000 * 100 / (SHARE_PERCENT * i64::from(calls_per_second.max(1)));
        Self {
            database,
            connection_id,
            interval: TimeDelta::microseconds(micros),
            taken: Mutex::new(Taken {
                next: DateTime::UNIX_EPOCH,
                end: DateTime::UNIX_EPOCH,
            }),
        }
    }

    /// When the next call may be made.
    async fn turn(&self) -> Result<DateTime<Utc>, Fault> {
        let mut taken = self.taken.lock().await;
        // A stretch that lies back was given up: its time belongs to nobody any more.
        let now = self.database.clock().now();
        if taken.next >= taken.end || taken.next < now - BURST - STRETCH {
            let (begin, length) = self.reserve(now).await?;
            *taken = Taken {
                next: begin,
                end: begin + length,
            };
        }
        let turn = taken.next;
        taken.next += self.interval;
        Ok(turn)
    }

    async fn reserve(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, TimeDelta), Fault> {
        let calls = (STRETCH.num_microseconds().unwrap_or(0) / self.interval.num_microseconds().unwrap_or(1)).max(1);
        let length = self.interval * i32::try_from(calls).unwrap_or(i32::MAX);
        let gone = |_| {
            Fault::new(
                FaultKind::Parked(Duration::from_secs(1)),
                "the connection is gone, or the database is away",
            )
        };
        let mut tx = self.database.system(SystemUse::ProvisionGateways).await.map_err(gone)?;
        let begin = store::health::reserve(&mut tx, self.connection_id, now, length, BURST)
            .await
            .map_err(|error| gone(error.into()))?;
        tx.commit().await.map_err(gone)?;
        let begin =
            begin.ok_or_else(|| Fault::new(FaultKind::Parked(Duration::from_secs(1)), "the connection is gone"))?;
        Ok((begin, length))
    }
}

/// The gate of one attempt.
pub(crate) struct RateGate {
    pub(crate) rate: Arc<Rate>,
    /// Nothing is sent afterwards: somebody else may be at it by then, and may have ended what this one would begin.
    pub(crate) until: Option<DateTime<Utc>>,
}

impl Gate for RateGate {
    fn pass<'a>(&'a self, _operation: &'static str) -> Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>> {
        Box::pin(async move {
            let turn = self.rate.turn().await?;
            let wait = turn - self.rate.database.clock().now();
            if wait > WAIT_MAX {
                let pause = wait.to_std().unwrap_or_default();
                return Err(Fault::new(FaultKind::Parked(pause), "the gateway's rate is used up"));
            }
            if let Ok(wait) = wait.to_std() {
                tokio::time::sleep(wait).await;
            }
            let now = self.rate.database.clock().now();
            if self.until.is_some_and(|until| until <= now) {
                let pause = Duration::from_secs(1);
                return Err(Fault::new(
                    FaultKind::Parked(pause),
                    "the attempt took longer than its lease allows",
                ));
            }
            Ok(())
        })
    }

    fn made(&self, record: CallRecord) {
        let (operation, status) = (record.operation, record.status);
        tracing::debug!(gateway.id = %self.rate.connection_id, operation, status, duration = ?record.duration, "called a gateway");
    }
}
