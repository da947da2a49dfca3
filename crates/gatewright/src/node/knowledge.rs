//! What the node knows of credentials, for all cores and for the disk.

use std::collections::HashMap;

use gatewright_snapshot::access_change::TOMBSTONE_MS;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_types::CredentialHash;
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use serde::{Deserialize, Serialize};

/// Most credentials that are remembered: as many as one core does.
const RECORDS_MAX: usize = 131_072;

/// Most pushed versions that are kept for their minute.
const PUSHED_MAX: usize = 65_536;

type Records =
    Cache<CredentialHash, Known, UnitWeighter, std::hash::RandomState, DefaultLifecycle<CredentialHash, Known>>;

/// A record, and when it was true.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Known {
    pub(super) credential: Credential,
    pub(super) answered_at_ms: i64,
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    hash: CredentialHash,
    #[serde(flatten)]
    known: Known,
}

/// Records by hash; those that are asked about least are forgotten first.
pub(super) struct Knowledge {
    records: Records,
}

impl Knowledge {
    pub(super) fn new() -> Self {
        let records = Cache::with(
            1_024,
            RECORDS_MAX as u64,
            UnitWeighter,
            std::hash::RandomState::new(),
            DefaultLifecycle::default(),
        );
        Self { records }
    }

    pub(super) fn get(&self, hash: &CredentialHash) -> Option<&Known> {
        self.records.get(hash)
    }

    /// Takes in a record that was true at `answered_at_ms`, unless a newer one is known.
    pub(super) fn learn(&mut self, change: AccessChange, answered_at_ms: i64) {
        let rank = (change.credential.version, answered_at_ms);
        let is_older = |known: &Known| (known.credential.version, known.answered_at_ms) > rank;
        if self.records.peek(&change.hash).is_some_and(is_older) {
            return;
        }
        let known = Known {
            credential: change.credential,
            answered_at_ms,
        };
        self.records.insert(change.hash, known);
    }

    /// Nobody holds this credential, as was found out at `answered_at_ms`.
    pub(super) fn unlearn(&mut self, hash: &CredentialHash, answered_at_ms: i64) {
        if self
            .records
            .peek(hash)
            .is_some_and(|known| known.answered_at_ms < answered_at_ms)
        {
            self.records.remove(hash);
        }
    }

    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    pub(super) fn add(&mut self, line: Line) {
        let Line { hash, known } = line;
        let answered_at_ms = known.answered_at_ms;
        let credential = known.credential;
        self.learn(AccessChange { hash, credential }, answered_at_ms);
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let lines = self.records.iter().map(|(hash, known)| Line {
            hash: *hash,
            known: known.clone(),
        });
        lines.collect()
    }
}

/// The versions that were pushed in the last minute: an older look-up that was under way must not get to
/// the disk, even if the pushed record itself was forgotten for want of room.
pub(super) struct Pushed {
    versions: HashMap<CredentialHash, (u64, i64)>,
    /// More was pushed than can be kept; until then no look-up is learned.
    distrust_until_ms: i64,
}

impl Pushed {
    pub(super) fn new() -> Self {
        Self {
            versions: HashMap::new(),
            distrust_until_ms: i64::MIN,
        }
    }

    pub(super) fn get(&self, hash: &CredentialHash, now_ms: i64) -> Option<u64> {
        let found = self.versions.get(hash).filter(|(_, until_ms)| now_ms < *until_ms);
        found.map(|(version, _)| *version)
    }

    pub(super) fn are_complete(&self, now_ms: i64) -> bool {
        now_ms >= self.distrust_until_ms
    }

    pub(super) fn put(&mut self, hash: CredentialHash, version: u64, now_ms: i64) {
        let until_ms = now_ms.saturating_add(TOMBSTONE_MS);
        if self.versions.len() >= PUSHED_MAX {
            self.versions.retain(|_, (_, until_ms)| now_ms < *until_ms);
        }
        if self.versions.len() >= PUSHED_MAX {
            self.distrust_until_ms = until_ms;
            return;
        }
        let kept = self.versions.entry(hash).or_insert((version, until_ms));
        *kept = (kept.0.max(version), until_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_look_up_is_not_learned_while_a_push_stands_nor_when_too_many_do() {
        let mut pushed = Pushed::new();
        let hash = CredentialHash::of(b"one");
        pushed.put(hash, 5, 0);
        pushed.put(hash, 4, 0);
        assert_eq!(pushed.get(&hash, TOMBSTONE_MS - 1), Some(5));
        assert_eq!(pushed.get(&hash, TOMBSTONE_MS), None);
        assert!(pushed.are_complete(0));
        for number in 0..PUSHED_MAX {
            pushed.put(CredentialHash::of(&number.to_le_bytes()), 1, 10);
        }
        assert!(!pushed.are_complete(11));
        pushed.put(hash, 6, TOMBSTONE_MS + 10);
        assert_eq!(pushed.get(&hash, TOMBSTONE_MS + 10), Some(6), "there is room again");
        assert!(pushed.are_complete(TOMBSTONE_MS + 10));
    }
}
