//! What a connection is waiting for, and until when.

use std::cell::{Cell, RefCell};
use std::task::{Context, Waker};

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Between two requests, or before the first.
    Idle,
    /// A head has begun to arrive.
    Head,
    /// A request is being decided or forwarded; nothing was answered yet.
    Serving,
    /// The answer's head is out.
    Answering,
}

/// Nothing is waited for.
const NEVER: u64 = u64::MAX;

/// One deadline, in the milliseconds of [`crate::ticks::Ticks`].
#[derive(Debug)]
pub(crate) struct Deadline(Cell<u64>);

impl Deadline {
    /// Sets it.
    pub(crate) fn set(&self, at_ms: u64) {
        self.0.set(at_ms);
    }

    /// Sets it unless it is set already.
    pub(crate) fn start(&self, at_ms: impl FnOnce() -> u64) {
        if self.0.get() == NEVER {
            self.0.set(at_ms());
        }
    }

    /// Lifts it.
    pub(crate) fn clear(&self) {
        self.0.set(NEVER);
    }

    /// Whether it has passed.
    pub(crate) fn has_passed(&self, now_ms: u64) -> bool {
        self.0.get() <= now_ms
    }
}

impl Default for Deadline {
    fn default() -> Self {
        Self(Cell::new(NEVER))
    }
}

/// The deadlines of one client connection and of what happens on its behalf.
#[derive(Debug)]
pub(crate) struct Vigil {
    phase: Cell<Phase>,
    waker: RefCell<Option<Waker>>,
    /// For the next head, or the rest of one.
    pub(crate) head: Deadline,
    /// For the next part of the request's body.
    pub(crate) request_body: Deadline,
    /// For the answer's head, or the next part of its body.
    pub(crate) upstream: Deadline,
    /// For the client to take what was written.
    pub(crate) write: Deadline,
}

impl Vigil {
    /// A connection that was just accepted.
    pub(crate) fn new() -> Self {
        Self {
            phase: Cell::new(Phase::Idle),
            waker: RefCell::new(None),
            head: Deadline::default(),
            request_body: Deadline::default(),
            upstream: Deadline::default(),
            write: Deadline::default(),
        }
    }

    /// Where the connection stands.
    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    /// Moves on.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// Whether anything is late.
    pub(crate) fn is_overdue(&self, now_ms: u64) -> bool {
        [&self.head, &self.request_body, &self.upstream, &self.write]
            .iter()
            .any(|deadline| deadline.has_passed(now_ms))
    }

    /// Remembers whom to wake: the connection's task, which stays the same.
    pub(crate) fn remember(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if waker.is_none() {
            *waker = Some(context.waker().clone());
        }
    }

    /// Wakes the connection's task.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}
