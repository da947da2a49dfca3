//! Looking for drift by the clock, each connection once an hour.

use std::time::Duration;

use chrono::TimeDelta;
use gatewright_database::SystemUse;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Registry, Rhythm, Running};
use serde::{Deserialize, Serialize};

use super::model::RunKind;
use super::work::Looker;
use super::{KEPT, begin};
use crate::engine::Orchestrator;
use crate::store;

/// How often every connection is looked at.
const RHYTHM: Rhythm = Rhythm::EverySeconds(3600);
/// Latest begin after it, so that installations which share a gateway do not all begin at once.
const JITTER: Duration = Duration::from_mins(15);
/// Most connections that are begun by one pass.
const CONNECTIONS_AT_ONCE: i64 = 10_000;

/// A run whose job ended without a word does not keep the next from beginning for longer.
const STUCK_AFTER: TimeDelta = TimeDelta::days(1);

/// Begins a run for drift on every connection, and forgets old runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ScanAll {}

impl Job for ScanAll {
    const KIND: &'static str = "provisioning.scan_all";
    const LANE: Lane = Lane::Bulk;
}

struct Scheduler(Orchestrator);

impl Handler for Scheduler {
    type Job = ScanAll;

    async fn run(&self, _: ScanAll, running: &Running) -> Result<Finished, Failure> {
        let database = running.database();
        let now = database.clock().now();
        let mut tx = database.system(SystemUse::ProvisionGateways).await?;
        let connections = store::runs::to_scan(&mut tx, CONNECTIONS_AT_ONCE, now - STUCK_AFTER).await?;
        store::runs::forget(&mut tx, now - KEPT).await?;
        tx.commit().await?;
        for (tenant_id, id) in connections {
            let mut tx = self.0.tenant(tenant_id).await?;
            // One that is gone meanwhile is no reason to leave out the others.
            if let Err(error) = begin(&mut tx, RunKind::Drift, vec![id], None).await {
                tracing::warn!(gateway.id = %id, %error, "a look for drift could not be begun");
                continue;
            }
            tx.commit().await?;
        }
        running.finish().await
    }
}

/// Adds runs, and the schedule for drift, to a worker.
pub fn register(registry: &mut Registry, orchestrator: &Orchestrator) {
    registry.handle(Looker(orchestrator.clone()));
    registry
        .handle(Scheduler(orchestrator.clone()))
        .schedule(RHYTHM, JITTER, ScanAll {});
}
