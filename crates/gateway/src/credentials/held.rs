//! A credential's record, as a core keeps it.

use std::cell::Cell;

use gatewright_snapshot::Credential;

/// A record and how long it stands; one piece of memory, because with many keys in use it is a cold one.
#[derive(Debug)]
pub(crate) struct Held {
    /// From when on it is asked about again.
    pub(crate) refresh_at_ms: Cell<i64>,
    /// When the control plane said so.
    pub(crate) answered_at_ms: i64,
    /// The record.
    pub(crate) credential: Credential,
}

impl Held {
    /// Keeps a record that was true at `answered_at_ms`.
    pub(crate) fn new(credential: Credential, answered_at_ms: i64) -> Self {
        Self {
            refresh_at_ms: Cell::new(answered_at_ms),
            answered_at_ms,
            credential,
        }
    }

    /// Whether the control plane's word, which counts for `valid_ms`, still stands.
    pub(crate) fn is_valid(&self, now_ms: i64, valid_ms: i64) -> bool {
        now_ms.saturating_sub(self.answered_at_ms) < valid_ms
    }
}
