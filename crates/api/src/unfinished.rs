//! A transaction that a request began and did not commit ends before the request is answered.
//!
//! Dropped, it would be rolled back a moment later, on another task; until then its `Idempotency-Key` is
//! claimed and its rows are locked, so whoever corrects a request at once would be told to wait.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatewright_database::{DatabaseError, SystemTx, TenantTx};

/// A transaction of an operator's request, or of the installation's.
pub(crate) enum Left {
    Tenant(TenantTx),
    System(SystemTx),
}

impl Left {
    async fn close(self) -> Result<(), DatabaseError> {
        match self {
            Self::Tenant(tx) => tx.close().await,
            Self::System(tx) => tx.close().await,
        }
    }
}

impl From<TenantTx> for Left {
    fn from(tx: TenantTx) -> Self {
        Self::Tenant(tx)
    }
}

impl From<SystemTx> for Left {
    fn from(tx: SystemTx) -> Self {
        Self::System(tx)
    }
}

/// Where a request leaves the transaction that it does not commit; an extension of the request.
#[derive(Clone, Default)]
pub(crate) struct Unfinished(Arc<Mutex<Option<Left>>>);

impl Unfinished {
    fn place(&self) -> MutexGuard<'_, Option<Left>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rolls back what was left.
    pub(crate) async fn roll_back(&self) {
        let left = self.place().take();
        if let Some(tx) = left
            && let Err(error) = tx.close().await
        {
            // Its connection is gone, and with it whatever it held.
            tracing::debug!(%error, "a transaction could not be rolled back");
        }
    }
}

/// A transaction that is left for its request to roll back unless it is taken out.
pub(crate) struct Held<T: Into<Left> = TenantTx> {
    tx: Option<T>,
    unfinished: Unfinished,
}

/// Only taking it out empties a [`Held`], and that consumes it.
const HELD: &str = "a transaction is held until it is taken out";

impl<T: Into<Left>> Held<T> {
    pub(crate) const fn new(tx: T, unfinished: Unfinished) -> Self {
        Self {
            tx: Some(tx),
            unfinished,
        }
    }

    /// Takes the transaction out, to commit it.
    pub(crate) fn release(mut self) -> T {
        self.tx.take().expect(HELD)
    }
}

impl<T: Into<Left>> Deref for Held<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.tx.as_ref().expect(HELD)
    }
}

impl<T: Into<Left>> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.tx.as_mut().expect(HELD)
    }
}

impl<T: Into<Left>> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(tx) = self.tx.take() {
            *self.unfinished.place() = Some(tx.into());
        }
    }
}
