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
use gatewright_connectors::model::Capabilities;
use gatewright_connectors::{Fault, FaultKind, Gate, Turn};
use gatewright_database::{Database, SystemUse};
use gatewright_types::ids::{GatewayId, TenantId};
use tokio::sync::Mutex;

use crate::model::Connection;
use crate::serial::Calls;
use crate::store;
use crate::store::turns::Line;

/// Longest wait for a turn inside a worker; what would have to wait longer is put back.
const WAIT_MAX: TimeDelta = TimeDelta::seconds(2);
/// The same for what ends somebody's access: it does not stand back behind others that wait.
const SECURITY_WAIT_MAX: TimeDelta = TimeDelta::seconds(15);
/// How much of the time line a process takes at once.
const STRETCH: TimeDelta = TimeDelta::milliseconds(250);
/// How much of the time line may be made up for: calls that were not made a moment ago are made now.
///
/// Together with [`SHARE_PERCENT`] it stays below the rate in every second.
const BURST: TimeDelta = TimeDelta::milliseconds(50);
/// How much of a gateway's rate is used.
const SHARE_PERCENT: i64 = 95;

/// The rates of one connection, as far as this process has taken them.
pub(crate) struct Rate {
    database: Database,
    connection_id: GatewayId,
    /// Of all calls.
    all: Turns,
    /// Of some, besides.
    some: Vec<Turns>,
    /// Of which there is one at a time.
    alone: Calls,
}

impl Rate {
    pub(crate) fn new(
        database: Database,
        tenant_id: TenantId,
        connection: &Connection,
        can: &Capabilities,
        alone: Calls,
    ) -> Self {
        let line = |operations| Line {
            tenant_id,
            rate_key: can.rate_key.clone().unwrap_or_else(|| connection.id.to_string()),
            operations,
        };
        let some = can.call_rates.iter();
        let some = some.map(|rate| Turns::new(line(rate.operations), i64::from(rate.calls), i64::from(rate.seconds)));
        Self {
            all: Turns::new(line(""), i64::from(connection.calls_per_second), 1),
            some: some.collect(),
            alone,
            connection_id: connection.id,
            database,
        }
    }

    /// Waits until a call may be made: first among its kind, then among all, then until it is alone where it has to be. That
    /// comes last: who waits for the rate holds nobody up.
    async fn turn(&self, operation: &str, wait_max: TimeDelta) -> Result<Turn, Fault> {
        let kind = self
            .some
            .iter()
            .filter(|turns| operation.starts_with(turns.line.operations));
        for turns in kind.chain([&self.all]) {
            let turn = turns.next(&self.database, wait_max).await?;
            if let Ok(wait) = (turn - self.database.clock().now()).to_std() {
                tokio::time::sleep(wait).await;
            }
        }
        self.alone.alone(operation, wait_max.to_std().unwrap_or_default()).await
    }
}

/// A time line, as far as this process has taken it.
struct Turns {
    line: Line,
    interval: TimeDelta,
    /// Held while the next stretch is taken: whoever waits for a turn waits for that anyway.
    taken: Mutex<Taken>,
}

struct Taken {
    next: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Turns {
    fn new(line: Line, calls: i64, seconds: i64) -> Self {
        let micros = 1_000_000 * 100 * seconds.max(1) / (SHARE_PERCENT * calls.max(1));
        Self {
            line,
            interval: TimeDelta::microseconds(micros),
            taken: Mutex::new(Taken {
                next: DateTime::UNIX_EPOCH,
                end: DateTime::UNIX_EPOCH,
            }),
        }
    }

    /// When the next call may be made. Nothing is taken when that is too far off.
    async fn next(&self, database: &Database, wait_max: TimeDelta) -> Result<DateTime<Utc>, Fault> {
        let mut taken = self.taken.lock().await;
        // A stretch that lies back was given up: its time belongs to nobody any more.
        let now = database.clock().now();
        let latest = now + wait_max;
        if taken.next >= taken.end || taken.next < now - BURST - STRETCH {
            let length = self.stretch();
            let begin = self.reserve(database, length, now - BURST, latest).await?;
            if begin > latest {
                return Err(too_far(begin - now));
            }
            *taken = Taken {
                next: begin,
                end: begin + length,
            };
        }
        let turn = taken.next;
        if turn > latest {
            return Err(too_far(turn - now));
        }
        taken.next += self.interval;
        Ok(turn)
    }

    fn stretch(&self) -> TimeDelta {
        let calls = (STRETCH.num_microseconds().unwrap_or(0) / self.interval.num_microseconds().unwrap_or(1)).max(1);
        self.interval * i32::try_from(calls).unwrap_or(i32::MAX)
    }

    async fn reserve(
        &self,
        database: &Database,
        length: TimeDelta,
        earliest: DateTime<Utc>,
        latest: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Fault> {
        let away = |_| {
            Fault::new(
                FaultKind::Parked(Duration::from_secs(1)),
                "the connection is gone, or the database is away",
            )
        };
        let mut tx = database.system(SystemUse::ProvisionGateways).await.map_err(away)?;
        let begin = store::turns::reserve(&mut tx, &self.line, length, earliest, latest)
            .await
            .map_err(|error| away(error.into()))?;
        tx.commit().await.map_err(away)?;
        Ok(begin)
    }
}

fn too_far(wait: TimeDelta) -> Fault {
    let pause = wait.to_std().unwrap_or_default();
    Fault::new(FaultKind::Parked(pause), "the gateway's rate is used up")
}

/// The gate of one attempt.
pub(crate) struct RateGate {
    /// None: the connection is gone since.
    pub(crate) rate: Option<Arc<Rate>>,
    /// Nothing is sent afterwards: somebody else may be at it by then, and may have ended what this one would begin.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) ends_access: bool,
}

impl Gate for RateGate {
    fn pass<'a>(&'a self, operation: &'static str) -> Pin<Box<dyn Future<Output = Result<Turn, Fault>> + Send + 'a>> {
        Box::pin(async move {
            let wait_max = if self.ends_access { SECURITY_WAIT_MAX } else { WAIT_MAX };
            let Some(rate) = &self.rate else {
                let pause = Duration::from_secs(1);
                return Err(Fault::new(FaultKind::Parked(pause), "the connection is gone"));
            };
            let turn = rate.turn(operation, wait_max).await?;
            let now = rate.database.clock().now();
            if self.until.is_some_and(|until| until <= now) {
                let pause = Duration::from_secs(1);
                return Err(Fault::new(
                    FaultKind::Parked(pause),
                    "the attempt took longer than its lease allows",
                ));
            }
            Ok(turn)
        })
    }

    fn made(&self, record: CallRecord) {
        let (operation, status) = (record.operation, record.status);
        tracing::debug!(gateway.id = self.rate.as_ref().map(|rate| tracing::field::display(rate.connection_id)), operation, status, duration = ?record.duration, "called a gateway");
    }
}
