//! Pushed records, kept apart so that a slow look-up cannot undo them.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use gatewright_snapshot::access_change::TOMBSTONE_MS;
use gatewright_types::CredentialHash;

use super::Held;

/// The pushed records of the last minute, up to a limit.
pub(crate) struct Tombstones {
    records: HashMap<CredentialHash, (Rc<Held>, i64)>,
    order: VecDeque<(i64, CredentialHash)>,
    limit: usize,
    distrust_until_ms: i64,
}

impl Tombstones {
    /// None yet.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            records: HashMap::new(),
            order: VecDeque::new(),
            limit,
            distrust_until_ms: i64::MIN,
        }
    }

    /// The pushed record that outranks lower versions, if there is one.
    pub(crate) fn get(&self, hash: &CredentialHash, now_ms: i64) -> Option<&Rc<Held>> {
        self.records
            .get(hash)
            .filter(|(_, until_ms)| now_ms < *until_ms)
            .map(|(held, _)| held)
    }

    /// Whether look-ups without a tombstone can be believed.
    ///
    /// After more changes than the limit some had to be forgotten, and until their minute is over any
    /// look-up might bring one of their older records back. That fails closed.
    pub(crate) fn are_complete(&self, now_ms: i64) -> bool {
        now_ms >= self.distrust_until_ms
    }

    /// Keeps a pushed record for its minute.
    pub(crate) fn put(&mut self, hash: CredentialHash, held: Rc<Held>, now_ms: i64) {
        self.forget_old(now_ms);
        let until_ms = now_ms.saturating_add(TOMBSTONE_MS);
        if self.records.len() >= self.limit && !self.records.contains_key(&hash) {
            self.distrust_until_ms = until_ms;
            return;
        }
        self.records.insert(hash, (held, until_ms));
        // One credential may be pushed again and again; then its older places in the order are dead.
        if self.order.len() >= self.limit.saturating_mul(2) {
            self.order
                .retain(|(at, hash)| self.records.get(hash).is_some_and(|(_, until_ms)| until_ms == at));
        }
        self.order.push_back((until_ms, hash));
    }

    fn forget_old(&mut self, now_ms: i64) {
        while let Some((until_ms, hash)) = self.order.front().copied().filter(|(until_ms, _)| *until_ms <= now_ms) {
            self.order.pop_front();
            if self.records.get(&hash).is_some_and(|(_, latest)| *latest == until_ms) {
                self.records.remove(&hash);
            }
        }
    }
}
