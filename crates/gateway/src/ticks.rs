//! Coarse time: one timer per core instead of several per request.
//!
//! A timer of the runtime costs a few hundred nanoseconds each time it is set; a request would need
//! four. Instead each connection writes its deadlines into cells, and a sweep looks at all of them
//! ten times a second and wakes who is late. So every time limit is kept up to two ticks too late, never
//! too early.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::vigil::Vigil;

/// Time between two sweeps.
pub(crate) const TICK: Duration = Duration::from_millis(100);

/// A core's coarse clock and whoever depends on it.
#[derive(Default)]
pub(crate) struct Ticks {
    now_ms: Cell<u64>,
    vigils: RefCell<Vec<Rc<Vigil>>>,
}

impl Ticks {
    /// Milliseconds since the core started, at the last sweep.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// The moment from which on `wait` is surely over.
    pub(crate) fn after(&self, wait: Duration) -> u64 {
        // The last sweep may be almost a tick ago.
        let wait_ms = u64::try_from((wait + TICK).as_millis()).unwrap_or(u64::MAX);
        self.now_ms.get().saturating_add(wait_ms)
    }

    /// Watches a connection until nobody else holds its vigil.
    pub(crate) fn watch(&self, vigil: Rc<Vigil>) {
        self.vigils.borrow_mut().push(vigil);
    }

    /// Moves the clock and wakes who is late.
    pub(crate) fn sweep(&self, now_ms: u64) {
        self.now_ms.set(now_ms);
        self.vigils.borrow_mut().retain(|vigil| {
            if vigil.is_overdue(now_ms) {
                vigil.wake();
            }
            Rc::strong_count(vigil) > 1
        });
    }

    /// Wakes every connection, so that each notices that the core is draining.
    pub(crate) fn wake_all(&self) {
        for vigil in self.vigils.borrow().iter() {
            vigil.wake();
        }
    }
}
