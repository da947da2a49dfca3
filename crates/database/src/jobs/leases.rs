//! The jobs that this worker holds, and keeping hold of them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatewright_types::ids::JobId;
use uuid::Uuid;

use super::handler::{Order, Running};
use super::store;
use crate::{Database, DatabaseError, SystemUse};

/// Most lost jobs that one look ends; the next look sees the rest.
const ENDED_AT_ONCE_MAX: i64 = 500;

/// The jobs of one worker.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<JobId, Running>>);

impl Leases {
    fn held(&self) -> MutexGuard<'_, HashMap<JobId, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, running: Running) {
        let earlier = self.held().insert(running.id(), running);
        // Claimed here twice: the lease had run out while the database could not be reached.
        if let Some(earlier) = earlier {
            earlier.order(Order::LeaseLost);
        }
    }

    /// Forgets a job, unless it was claimed here anew meanwhile.
    pub(super) fn forget(&self, running: &Running) {
        let mut held = self.held();
        if held
            .get(&running.id())
            .is_some_and(|one| one.token() == running.token())
        {
            held.remove(&running.id());
        }
    }

    fn all(&self) -> (Vec<Uuid>, Vec<Uuid>) {
        let held = self.held();
        held.values().map(|one| (one.id().uuid(), one.token())).unzip()
    }

    /// Renews all of them, and tells their handlers what has become of them meanwhile.
    pub(super) async fn renew(&self, database: &Database, lease: Duration) -> Result<(), DatabaseError> {
        let (ids, tokens) = self.all();
        if ids.is_empty() {
            return Ok(());
        }
        let until = database.clock().now() + lease;
        let mut tx = database.system(SystemUse::RunJobs).await?;
        let renewed: HashMap<JobId, bool> = store::renew(&mut tx, &ids, &tokens, until).await?.into_iter().collect();
        tx.commit().await?;
        for (id, token) in ids.into_iter().zip(tokens) {
            let id = JobId::from_uuid(id);
            let order = match renewed.get(&id) {
                Some(false) => continue,
                Some(true) => Order::Cancel,
                // Ended by its own handler just now, or claimed by another worker.
                None => Order::LeaseLost,
            };
            if let Some(running) = self.held().get(&id).filter(|running| running.token() == token) {
                running.order(order);
            }
        }
        Ok(())
    }

    /// Gives back all of them.
    pub(super) async fn give_back(&self, database: &Database) -> Result<u64, DatabaseError> {
        let (ids, tokens) = self.all();
        let mut tx = database.system(SystemUse::RunJobs).await?;
        let given = store::give_back(&mut tx, &ids, &tokens, database.clock().now()).await?;
        tx.commit().await?;
        Ok(given)
    }
}

/// Ends the jobs of lost workers that may not run again, whoever held them.
pub(super) async fn end_lost(database: &Database) -> Result<(), DatabaseError> {
    let mut tx = database.system(SystemUse::RunJobs).await?;
    let ended = store::end_lost(&mut tx, database.clock().now(), ENDED_AT_ONCE_MAX).await?;
    tx.commit().await?;
    for id in ended {
        tracing::error!(job.id = %id, "a job was given up, because its worker was lost");
    }
    Ok(())
}
