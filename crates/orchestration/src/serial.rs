//! One thing after the other, where a gateway bears no more at once.
//!
//! Between processes the claim sees to it (`store::applications`); in a process also what an API operation does itself waits
//! here. What gets by both is the gateway's conflict, which is tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gatewright_connectors::model::Serial;
use gatewright_connectors::{Fault, FaultKind};
use gatewright_types::ids::{CustomerId, GatewayId};
use tokio::sync::OwnedMutexGuard;

use crate::model::ApplicationKey;

/// Longest wait; with an attempt's longest time it stays within a lease.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Whose things are done one after the other.
type Whose = (GatewayId, Option<CustomerId>);

/// The queues of one process.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<Whose, Weak<tokio::sync::Mutex<()>>>>);

impl Queues {
    /// Waits until nobody else is at it; the turn lasts until the answer is dropped.
    pub(crate) async fn alone(
        &self,
        serial: Serial,
        key: ApplicationKey,
    ) -> Result<Option<OwnedMutexGuard<()>>, Fault> {
        let queue = match serial {
            Serial::None => return Ok(None),
            Serial::Customer => self.queue((key.connection_id, Some(key.customer_id))),
            Serial::Connection => self.queue((key.connection_id, None)),
        };
        match tokio::time::timeout(WAIT_MAX, queue.lock_owned()).await {
            Ok(turn) => Ok(Some(turn)),
            Err(_) => Err(Fault::new(
                FaultKind::Parked(Duration::from_secs(1)),
                "other work for the same customer is under way there",
            )),
        }
    }

    fn queue(&self, whose: Whose) -> Arc<tokio::sync::Mutex<()>> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&whose).and_then(Weak::upgrade) {
            return queue;
        }
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::default();
        queues.insert(whose, Arc::downgrade(&queue));
        queue
    }
}
