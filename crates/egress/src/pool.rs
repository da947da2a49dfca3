//! Connections that rest between two requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::connection::Connection;
use crate::policy::Policy;
use crate::target::Target;
use crate::trust::Trust;

/// A few dozen at most, so a scan is all it needs.
pub(crate) struct Pool {
    resting: Mutex<Vec<Resting>>,
    most: usize,
    longest: Duration,
}

struct Resting {
    connection: Connection,
    target: Target,
    trust: Trust,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(most: usize, longest: Duration) -> Self {
        Self {
            resting: Mutex::default(),
            most,
            longest,
        }
    }

    /// A connection to the target's origin, if one rests there that this policy would have allowed as well.
    pub(crate) fn take(&self, target: &Target, trust: &Trust, policy: &Policy) -> Option<Connection> {
        let mut resting = self.fresh();
        let found = resting.iter().rposition(|one| {
            one.target.has_same_origin(target)
                && one.trust.is_same(trust)
                && policy.judge(target, one.connection.peer.ip()).is_ok()
        });
        found.map(|at| resting.swap_remove(at).connection)
    }

    pub(crate) fn put(&self, connection: Connection, target: Target, trust: Trust) {
        if connection.sender.is_closed() {
            return;
        }
        let mut resting = self.fresh();
        if resting.len() >= self.most
            && let Some((oldest, _)) = resting.iter().enumerate().min_by_key(|(_, one)| one.since)
        {
            resting.swap_remove(oldest);
        }
        if resting.len() < self.most {
            resting.push(Resting {
                connection,
                target,
                trust,
                since: Instant::now(),
            });
        }
    }

    fn fresh(&self) -> MutexGuard<'_, Vec<Resting>> {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|one| one.since.elapsed() < self.longest && !one.connection.sender.is_closed());
        resting
    }
}
