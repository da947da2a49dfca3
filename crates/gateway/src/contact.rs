//! When the control plane was last heard of.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Shared by all cores, and looked at only where a record is not valid any more or not there.
///
/// Its time is the machine's uptime: a clock that is set must not make a node believe that it was
/// cut off, or that it was not.
#[derive(Debug)]
pub(crate) struct Contact {
    start: Instant,
    heard_at_ms: AtomicI64,
    cut_off_after_ms: i64,
    revoked: AtomicBool,
}

/// How a node stands with its control plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There was a word of it, not long ago.
    Heard,
    /// There was none for so long that nothing that is known is surely true.
    CutOff,
    /// It has taken the node's right to admit anybody away.
    Revoked,
}

/// Long before any start.
const NEVER: i64 = i64::MIN / 2;

impl Contact {
    /// Heard of just now, or never.
    pub(crate) fn new(heard: bool, cut_off_after: Duration) -> Self {
        Self {
            start: Instant::now(),
            heard_at_ms: AtomicI64::new(if heard { 0 } else { NEVER }),
            cut_off_after_ms: millis(cut_off_after),
            revoked: AtomicBool::new(false),
        }
    }

    /// There was a word that was true `age` ago.
    pub(crate) fn hear(&self, age: Duration) {
        let at_ms = millis(self.start.elapsed()).saturating_sub(millis(age));
        self.heard_at_ms.fetch_max(at_ms, Ordering::AcqRel);
    }

    /// From now on nobody may be admitted.
    pub(crate) fn revoke(&self) {
        self.revoked.store(true, Ordering::Release);
    }

    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        if self.revoked.load(Ordering::Acquire) {
            return Standing::Revoked;
        }
        let silence_ms = millis(self.start.elapsed()) - self.heard_at_ms.load(Ordering::Acquire);
        if silence_ms < self.cut_off_after_ms {
            Standing::Heard
        } else {
            Standing::CutOff
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2)
}
