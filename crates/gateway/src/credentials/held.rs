//! A credential's record, as a core keeps it.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;

use gatewright_snapshot::Credential;
use gatewright_snapshot::protocol::{KeyUse, USE_ADDRESSES_MAX};
use smallvec::SmallVec;

/// A record and how long it stands; one piece of memory, because with many keys in use it is a cold one.
#[derive(Debug)]
pub(crate) struct Held {
    /// From when on it is asked about again.
    pub(crate) refresh_at_ms: Cell<i64>,
    /// When the control plane said so.
    pub(crate) answered_at_ms: i64,
    /// How it was used since that was last told.
    used: Used,
    /// The record.
    pub(crate) credential: Credential,
}

/// How a record was used. Beside it, because a request that is admitted has just read it.
#[derive(Debug, Default)]
struct Used {
    requests: Cell<u32>,
    last_ms: Cell<i64>,
    addresses: RefCell<SmallVec<[IpAddr; 1]>>,
}

impl Held {
    /// Keeps a record that was true at `answered_at_ms`.
    pub(crate) fn new(credential: Credential, answered_at_ms: i64) -> Self {
        Self {
            refresh_at_ms: Cell::new(answered_at_ms),
            answered_at_ms,
            used: Used::default(),
            credential,
        }
    }

    /// Whether the control plane's word, which counts for `valid_ms`, still stands.
    pub(crate) fn is_valid(&self, now_ms: i64, valid_ms: i64) -> bool {
        now_ms.saturating_sub(self.answered_at_ms) < valid_ms
    }

    /// Counts a request that was admitted; whether it is the first since [`Held::take_use`].
    pub(super) fn count(&self, peer: IpAddr, now_ms: i64) -> bool {
        let before = self.used.requests.get();
        self.used.requests.set(before.saturating_add(1));
        self.used.last_ms.set(now_ms);
        let mut addresses = self.used.addresses.borrow_mut();
        if !addresses.contains(&peer) && addresses.len() < USE_ADDRESSES_MAX {
            addresses.push(peer);
        }
        before == 0
    }

    /// What was counted; it begins anew.
    pub(super) fn take_use(&self) -> KeyUse {
        KeyUse {
            key_id: self.credential.key_id,
            requests: u64::from(self.used.requests.replace(0)),
            addresses: self.used.addresses.take().into_vec(),
            last_used_ms: self.used.last_ms.get(),
        }
    }
}
