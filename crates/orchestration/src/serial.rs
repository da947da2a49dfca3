//! One thing after the other, where a gateway bears no more at once.
//!
//! Whole applications: between processes the claim sees to it (`store::applications`); in a process also what an API operation does
//! itself waits here. Single calls, of all connections that are counted together: they wait here, after their turn in the rate
//! ([`crate::gate`]), which other processes keep as well. What gets by is the gateway's conflict, which is tried again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gatewright_connectors::model::{Capabilities, Serial};
use gatewright_connectors::{Fault, FaultKind, Turn};
use gatewright_types::ids::{CustomerId, GatewayId};
use tokio::sync::OwnedMutexGuard;

use crate::model::ApplicationKey;

/// Longest wait; with an attempt's longest time it stays within a lease.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Whose things are done one after the other.
#[derive(PartialEq, Eq, Hash)]
enum Whose {
    Customer(GatewayId, CustomerId),
    Connection(GatewayId),
    /// The calls of all who share this.
    RateKey(String),
}

type Queue = tokio::sync::Mutex<()>;

/// The queues of one process.
#[derive(Default)]
pub(crate) struct Queues(Mutex<HashMap<Whose, Weak<Queue>>>);

/// Calls of which there is one at a time.
pub(crate) struct Calls {
    kinds: Vec<&'static str>,
    queue: Arc<Queue>,
}

impl Calls {
    /// Waits until no other of these calls is under way. Any other call goes on.
    pub(crate) async fn alone(&self, operation: &str, wait_max: Duration) -> Result<Turn, Fault> {
        if !self.kinds.iter().any(|kind| operation.starts_with(kind)) {
            return Ok(Turn::default());
        }
        match tokio::time::timeout(wait_max, Arc::clone(&self.queue).lock_owned()).await {
            Ok(turn) => Ok(Turn::holding(turn)),
            Err(_) => Err(Fault::new(
                FaultKind::Parked(Duration::from_secs(1)),
                "other changes are under way there, and it takes one at a time",
            )),
        }
    }
}

impl Queues {
    /// Waits until nobody else is at it; the turn lasts until the answer is dropped.
    pub(crate) async fn alone(
        &self,
        serial: Serial,
        key: ApplicationKey,
    ) -> Result<Option<OwnedMutexGuard<()>>, Fault> {
        let queue = match serial {
            Serial::None => return Ok(None),
            Serial::Customer => self.queue(Whose::Customer(key.connection_id, key.customer_id)),
            Serial::Connection => self.queue(Whose::Connection(key.connection_id)),
        };
        match tokio::time::timeout(WAIT_MAX, queue.lock_owned()).await {
            Ok(turn) => Ok(Some(turn)),
            Err(_) => Err(Fault::new(
                FaultKind::Parked(Duration::from_secs(1)),
                "other work for the same customer is under way there",
            )),
        }
    }

    /// The calls of a connection of which there is one at a time, beside those of all who are counted with it.
    pub(crate) fn calls(&self, id: Option<GatewayId>, can: &Capabilities) -> Calls {
        let whose = match (&can.rate_key, id) {
            (Some(shared), _) => Whose::RateKey(shared.clone()),
            (None, Some(id)) => Whose::RateKey(id.to_string()),
            // It is not connected yet and shares nothing with anybody.
            (None, None) => {
                return Calls {
                    kinds: can.one_at_a_time.clone(),
                    queue: Arc::default(),
                };
            }
        };
        Calls {
            kinds: can.one_at_a_time.clone(),
            queue: self.queue(whose),
        }
    }

    fn queue(&self, whose: Whose) -> Arc<Queue> {
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
