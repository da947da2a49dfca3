//! A core's knowledge of credentials.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use gatewright_snapshot::protocol::KeyUse;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_types::{CredentialHash, Rng};
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use tokio::sync::oneshot;

use super::tombstones::Tombstones;
use super::{Held, LookupAnswer};
use crate::contact::{Contact, Standing};
use crate::limits::Limits;

/// How long a failed refresh is left alone.
const REFRESH_PAUSE_MS: i64 = 1_000;

/// Most uses that are taken at once: the core's requests wait meanwhile.
pub(crate) const USES_AT_ONCE: usize = 1_024;

type Bounded<V> = Cache<CredentialHash, V, UnitWeighter, Seed, DefaultLifecycle<CredentialHash, V>>;

/// What is known about a credential right now.
pub(crate) enum Finding {
    /// A valid record.
    Held(Rc<Held>),
    /// A valid record that is old enough to be asked about again, which is up to the caller.
    Aging(Rc<Held>),
    /// A record past its time on a node that is cut off; the flag says whether to ask about it again.
    Stale(Rc<Held>, bool),
    /// Nobody holds it.
    Nobody,
    /// Has to be looked up.
    Unknown,
}

/// How a look-up ended.
#[derive(Clone)]
pub(crate) enum Verdict {
    Held(Rc<Held>),
    /// Nobody could be asked; this was true once.
    Stale(Rc<Held>),
    Nobody,
    Unavailable,
}

/// One core's knowledge. No lock: a core is one thread.
pub(crate) struct Credentials {
    found: RefCell<Bounded<Rc<Held>>>,
    missed: RefCell<Bounded<i64>>,
    tombstones: RefCell<Tombstones>,
    /// Look-ups under way, and who waits for each.
    flights: RefCell<HashMap<CredentialHash, Vec<oneshot::Sender<Verdict>>, Seed>>,
    max_flights: usize,
    /// Records that were used since that was last told; each is there once, and stays until then.
    used: RefCell<Vec<Rc<Held>>>,
    max_used: usize,
    contact: Arc<Contact>,
    valid_ms: i64,
    /// A record older than this is asked about again in the background, so that a busy key never waits.
    refresh_after_ms: i64,
    /// Rises when everything is forgotten, so that a look-up under way brings nothing back.
    epoch: Cell<u64>,
}

impl Credentials {
    /// Knows nothing yet.
    pub(crate) fn new(limits: &Limits, contact: Arc<Contact>, rng: &Rng) -> Self {
        let valid_ms = i64::try_from(limits.record_valid.as_millis()).unwrap_or(i64::MAX);
        let seed = Seed(u64::from_le_bytes(rng.bytes()), u64::from_le_bytes(rng.bytes()));
        Self {
            found: RefCell::new(bounded(limits.max_credentials, seed)),
            missed: RefCell::new(bounded(limits.max_misses, seed)),
            tombstones: RefCell::new(Tombstones::new(limits.max_tombstones)),
            flights: RefCell::new(HashMap::with_hasher(seed)),
            max_flights: limits.max_lookups,
            used: RefCell::default(),
            max_used: limits.max_used,
            contact,
            valid_ms,
            refresh_after_ms: valid_ms / 3 * 2,
            epoch: Cell::new(0),
        }
    }

    /// What is known about a credential.
    pub(crate) fn get(&self, hash: &CredentialHash, now_ms: i64) -> Finding {
        if let Some(held) = self.found.borrow().get(hash) {
            let is_due = now_ms >= held.refresh_at_ms.get();
            if held.is_valid(now_ms, self.valid_ms) {
                if !is_due {
                    return Finding::Held(Rc::clone(held));
                }
                held.refresh_at_ms.set(now_ms.saturating_add(REFRESH_PAUSE_MS));
                return Finding::Aging(Rc::clone(held));
            }
            if self.contact.standing() == Standing::CutOff {
                if is_due {
                    held.refresh_at_ms.set(now_ms.saturating_add(REFRESH_PAUSE_MS));
                }
                return Finding::Stale(Rc::clone(held), is_due);
            }
            return Finding::Unknown;
        }
        match self.missed.borrow().get(hash) {
            Some(answered_at_ms) if now_ms.saturating_sub(*answered_at_ms) < self.valid_ms => Finding::Nobody,
            _ => Finding::Unknown,
        }
    }

    /// Counts a request that was admitted.
    pub(crate) fn count_use(&self, held: &Rc<Held>, peer: IpAddr, now_ms: i64) {
        if held.count(peer, now_ms) {
            let mut used = self.used.borrow_mut();
            if used.len() < self.max_used {
                used.push(Rc::clone(held));
            } else {
                // Nobody would take it: so that a later request has another chance to be told of.
                held.take_use();
            }
        }
    }

    /// Which keys were used since they were last taken, some of them; a key with two secrets may be there twice.
    pub(crate) fn take_uses(&self) -> Vec<KeyUse> {
        let mut used = self.used.borrow_mut();
        let from = used.len().saturating_sub(USES_AT_ONCE);
        used.drain(from..).map(|held| held.take_use()).collect()
    }

    /// How the node stands with its control plane.
    pub(crate) fn standing(&self) -> Standing {
        self.contact.standing()
    }

    /// Forgets what was looked up, and whatever look-ups under way will say.
    ///
    /// What was pushed in the last minute stays: it outranks older look-ups as before.
    pub(crate) fn forget(&self) {
        self.found.borrow_mut().clear();
        self.missed.borrow_mut().clear();
        self.epoch.set(self.epoch.get() + 1);
    }

    /// To be handed to [`Credentials::learn`] with the answer to a look-up that begins now.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.get()
    }

    /// Takes in what was pushed.
    pub(crate) fn apply(&self, change: &AccessChange, now_ms: i64) {
        let pushed = &change.credential;
        let is_older = |held: &Held| held.credential.version > pushed.version;
        if self
            .tombstones
            .borrow()
            .get(&change.hash, now_ms)
            .is_some_and(|held| is_older(held))
        {
            return;
        }
        let held = Rc::new(Held::new(pushed.clone(), now_ms));
        self.tombstones.borrow_mut().put(change.hash, Rc::clone(&held), now_ms);
        // Also when the cache has a higher version: then that one stays.
        if !self
            .found
            .borrow()
            .peek(&change.hash)
            .is_some_and(|held| is_older(held))
        {
            self.keep(change.hash, held);
        }
    }

    /// Takes in the answer to a look-up that began in `epoch`, and says what is true now.
    pub(crate) fn learn(&self, hash: CredentialHash, answer: LookupAnswer, epoch: u64, now_ms: i64) -> Verdict {
        if epoch != self.epoch.get() {
            return self.remember(&hash, now_ms);
        }
        if let Some(pushed) = self.tombstones.borrow().get(&hash, now_ms) {
            let is_newer = matches!(&answer, LookupAnswer::Found { credential, .. } | LookupAnswer::Remembered { credential, .. }
                if credential.version >= pushed.credential.version);
            let is_answer = matches!(&answer, LookupAnswer::Found { .. } | LookupAnswer::Unknown { .. });
            if !is_newer && is_answer {
                // The look-up was under way when the change was pushed, or read an old copy.
                self.keep(hash, Rc::new(Held::new(pushed.credential.clone(), now_ms)));
                return Verdict::Held(Rc::clone(pushed));
            }
            if !is_newer {
                // Nobody has said anything: what was pushed stands as long as if it had been looked up then.
                return self.judge(Rc::clone(pushed), now_ms);
            }
        } else if !self.tombstones.borrow().are_complete(now_ms) {
            return Verdict::Unavailable;
        }
        match answer {
            LookupAnswer::Found {
                credential,
                answered_at_ms,
            } => {
                let held = self.keep_newer(hash, *credential, answered_at_ms, now_ms);
                if held.is_valid(now_ms, self.valid_ms) {
                    Verdict::Held(held)
                } else {
                    // An answer that is as old as this when it comes says nothing about now.
                    Verdict::Unavailable
                }
            }
            LookupAnswer::Remembered {
                credential,
                answered_at_ms,
            } => {
                let held = self.keep_newer(hash, *credential, answered_at_ms, now_ms);
                self.judge(held, now_ms)
            }
            LookupAnswer::Unknown { answered_at_ms } => {
                self.found.borrow_mut().remove(&hash);
                self.missed.borrow_mut().insert(hash, answered_at_ms.min(now_ms));
                Verdict::Nobody
            }
            LookupAnswer::Unavailable => self.remember(&hash, now_ms),
        }
    }

    /// Keeps a record unless a higher version is known, or the same of a later time; returns what is kept.
    fn keep_newer(&self, hash: CredentialHash, credential: Credential, answered_at_ms: i64, now_ms: i64) -> Rc<Held> {
        // A clock ahead of ours must not make a record valid for longer.
        let answered_at_ms = answered_at_ms.min(now_ms);
        let known = self.found.borrow().peek(&hash).cloned();
        let rank = (credential.version, answered_at_ms);
        match known.filter(|held| (held.credential.version, held.answered_at_ms) > rank) {
            Some(newer) => newer,
            None => {
                let held = Rc::new(Held::new(credential, answered_at_ms));
                self.keep(hash, Rc::clone(&held));
                held
            }
        }
    }

    /// What is known of a credential where nobody can be asked.
    fn remember(&self, hash: &CredentialHash, now_ms: i64) -> Verdict {
        let known = self.found.borrow().peek(hash).cloned();
        known.map_or(Verdict::Unavailable, |held| self.judge(held, now_ms))
    }

    fn judge(&self, held: Rc<Held>, now_ms: i64) -> Verdict {
        if held.is_valid(now_ms, self.valid_ms) {
            Verdict::Held(held)
        } else {
            Verdict::Stale(held)
        }
    }

    fn keep(&self, hash: CredentialHash, held: Rc<Held>) {
        held.refresh_at_ms
            .set(held.answered_at_ms.saturating_add(self.refresh_after_ms));
        self.missed.borrow_mut().remove(&hash);
        self.found.borrow_mut().insert(hash, held);
    }

    /// Joins the look-up of a credential. `None` when there are too many; the flag says whether the
    /// caller has to carry it out.
    pub(crate) fn join(&self, hash: CredentialHash) -> Option<(oneshot::Receiver<Verdict>, bool)> {
        let mut flights = self.flights.borrow_mut();
        let (tell, told) = oneshot::channel();
        if let Some(waiting) = flights.get_mut(&hash) {
            waiting.push(tell);
            return Some((told, false));
        }
        if flights.len() >= self.max_flights {
            return None;
        }
        flights.insert(hash, vec![tell]);
        Some((told, true))
    }

    /// Tells everybody who waits for a credential how its look-up ended.
    pub(crate) fn land(&self, hash: &CredentialHash, verdict: &Verdict) {
        for tell in self.flights.borrow_mut().remove(hash).unwrap_or_default() {
            // Whoever does not listen any more has hung up.
            let _ = tell.send(verdict.clone());
        }
    }
}

fn bounded<V>(limit: usize, seed: Seed) -> Bounded<V> {
    // Half of what fits is laid out at once only when that is little: an idle gateway stays small.
    Cache::with(
        limit.min(1_024),
        limit as u64,
        UnitWeighter,
        seed,
        DefaultLifecycle::default(),
    )
}

/// Spreads a SHA-256 over a table, unpredictably.
///
/// A caller can search keys whose hashes share some bits, so the bits alone will not do.
#[derive(Clone, Copy)]
pub(crate) struct Seed(u64, u64);

/// The hasher of [`Seed`].
pub(crate) struct Spread {
    seed: Seed,
    state: u64,
}

impl BuildHasher for Seed {
    type Hasher = Spread;
    fn build_hasher(&self) -> Spread {
        Spread { seed: *self, state: 0 }
    }
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        // A folded multiplication (as in wyhash): both factors depend on a secret.
        let product = u128::from(u64::from_le_bytes(first) ^ self.seed.0) * u128::from(self.seed.1 | 1);
        self.state ^= (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.state
    }
}
