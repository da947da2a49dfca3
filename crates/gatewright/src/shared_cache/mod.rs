//! What nodes tell each other about credentials, through Redis: a cache between a core's own and the control
//! plane, and a way on which changes of access travel beside the news. Both kinds of node use it: the one inside
//! a control plane ([`crate::parts::gateway`]) and the one of its own ([`crate::node`]).
//!
//! # Invariants
//! * Nothing depends on Redis. It is asked for at most 50 ms (`ANSWER_TIMEOUT`); where it is away,
//!   slow or wrong, the control plane is asked, and for a while nobody tries Redis.
//! * An entry counts only if it was sealed with the installation's key (`entry`), is young enough by two clocks
//!   (`SharedCache::judge`), and if this node knows every change that the entry may lack (`reach`). So a record that
//!   is stale, replayed or invented admits nobody.
//! * A change is written before a node acknowledges it. The higher version stays (`keep.lua`), for as long as a
//!   look-up of a lower one may be under way.
//! * There is no secret in Redis, and no credential that nobody holds: callers cannot fill it.
//!
//! Start with [`SharedCache::find`] and [`SharedCache::take_in`]; `server` is the connection.

mod entry;
mod reach;
mod server;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gatewright_snapshot::access_change::TOMBSTONE_MS;
use gatewright_snapshot::protocol::News;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_types::{Clock, CredentialHash, Rng};
use redis::{Script, ScriptInvocation};
use secrecy::SecretString;
use tokio::sync::{mpsc, watch};

use entry::{ENTRY_MAX_BYTES, Entry, Key};
use reach::Reach;
use server::{Server, Trouble};

/// Entries that one request to Redis writes.
const ENTRIES_AT_ONCE: usize = 256;
/// How old a call about a change may be, in milliseconds: an older one tells nothing that the news have not told.
const CALL_FRESH_MS: i64 = 5_000;
/// Calls that are handed to the cores together.
const CALLS_AT_ONCE: usize = 64;
/// How often a connection that nobody uses is tried.
const PING_INTERVAL: Duration = Duration::from_secs(5);
/// Shortest and longest pause before Redis is tried again.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the key is asked for again: it changes with the master key.
const KEY_INTERVAL: Duration = Duration::from_secs(60);
/// The same as long as there is none.
const KEY_PAUSE: Duration = Duration::from_secs(1);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The record.
    pub credential: Credential,
    /// When it was true, by our clock: milliseconds since 1970.
    pub answered_at_ms: i64,
}

/// How often what happened.
#[derive(Debug, Default)]
pub struct Counts {
    /// Credentials that were found.
    pub hits: AtomicU64,
    /// Credentials that were not there, or too old.
    pub misses: AtomicU64,
    /// Entries that were there and cannot be believed.
    pub refused: AtomicU64,
    /// Requests that failed.
    pub errors: AtomicU64,
    /// Changes of access that were heard of.
    pub calls: AtomicU64,
}

/// Redis as a cache that nodes share.
pub struct SharedCache {
    server: Server,
    key: watch::Sender<Option<Arc<Key>>>,
    reach: Reach,
    clock: Clock,
    /// How long a record is valid, in milliseconds.
    valid_ms: i64,
    find: Script,
    keep: Script,
    counts: Counts,
}

impl SharedCache {
    /// At this address; records are valid for `valid`. Nothing is asked before [`SharedCache::use_key`],
    /// [`SharedCache::begin`] and [`SharedCache::run`].
    pub fn open(url: &SecretString, ca_file: Option<&Path>, valid: Duration, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            server: Server::new(url, ca_file)?,
            key: watch::Sender::new(None),
            reach: Reach::default(),
            clock,
            valid_ms: i64::try_from(valid.as_millis())?,
            find: Script::new(include_str!("find.lua")),
            keep: Script::new(include_str!("keep.lua")),
            counts: Counts::default(),
        })
    }

    /// From now on entries are sealed with this; what others sealed is theirs.
    pub fn use_key(&self, secret: &SecretString) {
        let key = Arc::new(Key::new(secret));
        self.key.send_if_modified(|known| {
            let is_new = known.as_ref().is_none_or(|known| known.channel() != key.channel());
            *known = Some(key);
            is_new
        });
    }

    /// This node knows nothing from before this position, and will take in all news after it.
    pub fn begin(&self, position: u64) {
        self.reach.begin(position, Instant::now());
    }

    /// Every core of this node has taken in the news up to this position.
    pub fn advance(&self, position: u64) {
        self.reach.advance(position, Instant::now());
    }

    /// What happened so far.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.server.is_connected()
    }

    /// Where Redis is, without user and password; and whether what is said to it can be overheard.
    pub fn place(&self) -> (String, bool) {
        (self.server.place(), !self.server.is_private())
    }

    /// Connects and tries what is needed, for `gatewright doctor`.
    pub async fn probe(&self) -> anyhow::Result<()> {
        let _calls = self
            .server
            .connect("gatewright:doctor", &[&self.find, &self.keep])
            .await?;
        Ok(self.server.ping().await?)
    }

    /// The records of these credentials, as far as they are there and can be believed.
    pub async fn find(&self, hashes: &[CredentialHash]) -> HashMap<CredentialHash, Found> {
        let Some(key) = self.key.borrow().clone() else {
            return HashMap::new();
        };
        let mut call = self.find.prepare_invoke();
        for hash in hashes {
            call.key(key.place(hash));
        }
        call.arg(ENTRY_MAX_BYTES);
        // Before it is sent: an answer is at least as new as this, less its age.
        let sent_at_ms = self.clock.now_ms();
        let Some(mut texts) = self.count(self.server.run::<Vec<Option<Vec<u8>>>>(&call).await) else {
            return HashMap::new();
        };
        // After the answer: what has become unreachable meanwhile must not count.
        let least = self.reach.least(Instant::now());
        let now_there_ms = texts.first_mut().and_then(Option::take).and_then(|text| number(&text));
        let (Some(least), Some(now_there_ms)) = (least, now_there_ms) else {
            return HashMap::new();
        };
        let mut found = HashMap::new();
        for (hash, text) in hashes.iter().zip(texts.into_iter().skip(1)) {
            let counted = match text.map(|text| self.judge(&key, hash, &text, least, sent_at_ms, now_there_ms)) {
                Some(Some(Ok(one))) => {
                    found.insert(*hash, one);
                    &self.counts.hits
                }
                Some(None) => &self.counts.refused,
                Some(Some(Err(TooOld))) | None => &self.counts.misses,
            };
            counted.fetch_add(1, Ordering::Relaxed);
        }
        found
    }

    /// A text of Redis as a record; none when it was not written by one of us about this credential.
    ///
    /// Its age is the greater of two. By Redis' clock it is right whatever the nodes' clocks say, but whoever
    /// reaches Redis can change it. By the nodes' clocks it is right as far as they agree, and it is sealed.
    fn judge(
        &self,
        key: &Key,
        hash: &CredentialHash,
        text: &[u8],
        least: u64,
        sent_at_ms: i64,
        now_there_ms: i64,
    ) -> Option<Result<Found, TooOld>> {
        let mut parts = text.splitn(3, |byte| *byte == b' ').skip(1);
        let born_ms = number(parts.next()?)?;
        let entry = key.open(parts.next()?).filter(|entry| entry.change.hash == *hash)?;
        let by_redis_ms = now_there_ms.saturating_sub(born_ms);
        let by_us_ms = sent_at_ms.saturating_sub(entry.answered_at_ms);
        let age_ms = by_redis_ms.max(by_us_ms).max(0);
        // A core asks again when two thirds of a record's time have passed, and not to hear the same.
        if age_ms >= self.valid_ms / 3 * 2 || entry.position < least {
            return Some(Err(TooOld));
        }
        Some(Ok(Found {
            credential: entry.change.credential,
            answered_at_ms: sent_at_ms - age_ms,
        }))
    }

    /// Keeps what the control plane answered for others: true at `answered_at_ms`, after the news up to `position`.
    pub async fn learn(&self, records: &[AccessChange], answered_at_ms: i64, position: u64) {
        let age_ms = self.clock.now_ms().saturating_sub(answered_at_ms).max(0);
        if age_ms < self.valid_ms {
            let records: Vec<_> = records.iter().map(|change| (position, change)).collect();
            self.write("", &records, age_ms, self.valid_ms - age_ms).await;
        }
    }

    /// Keeps changes of access, each with the number of its news, and calls them out. To be awaited before they are
    /// acknowledged.
    pub async fn take_in(&self, changes: &[(u64, &AccessChange)]) {
        let channel = self.key.borrow().as_ref().map(|key| key.channel());
        if let Some(channel) = channel {
            self.write(&channel, changes, 0, TOMBSTONE_MS).await;
        }
    }

    async fn write(&self, channel: &str, records: &[(u64, &AccessChange)], age_ms: i64, live_ms: i64) {
        let Some(key) = self.key.borrow().clone() else {
            return;
        };
        let answered_at_ms = self.clock.now_ms() - age_ms;
        for records in records.chunks(ENTRIES_AT_ONCE) {
            let mut call = self.keep.prepare_invoke();
            call.arg(channel);
            for (position, change) in records {
                let entry = Entry {
                    position: *position,
                    answered_at_ms,
                    change: AccessChange::clone(change),
                };
                add(&mut call, &key, &entry, age_ms, live_ms);
            }
            if self.count(self.server.run::<u64>(&call).await).is_none() {
                return;
            }
        }
    }

    fn count<T>(&self, answered: Result<T, Trouble>) -> Option<T> {
        answered
            .inspect_err(|trouble| {
                let errors = self.counts.errors.fetch_add(1, Ordering::Relaxed) + 1;
                if errors.is_power_of_two() && !matches!(trouble, Trouble::Away) {
                    tracing::warn!(error = %trouble, errors, "the shared cache does not answer; the control plane is asked");
                }
            })
            .ok()
    }

    /// Connects, connects again, and hands over what others call out, until it is dropped.
    pub async fn run<F: Future<Output = ()>>(self: Arc<Self>, take: impl Fn(Vec<AccessChange>) -> F) {
        let mut keys = self.key.subscribe();
        let mut failures: u32 = 0;
        loop {
            let Some(key) = keys.borrow_and_update().clone() else {
                if keys.changed().await.is_err() {
                    return;
                }
                continue;
            };
            match self.server.connect(&key.channel(), &[&self.find, &self.keep]).await {
                Ok(calls) => {
                    tracing::info!(redis.addr = self.server.place(), "the shared cache is connected");
                    self.serve(&key, calls, &take, &mut keys).await;
                    failures = if self.server.disconnect() {
                        0
                    } else {
                        failures.saturating_add(1)
                    };
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    if failures.is_power_of_two() {
                        tracing::warn!(%error, failures, redis.addr = self.server.place(), "the shared cache is away");
                    }
                }
            }
            tokio::time::sleep(pause(failures)).await;
        }
    }

    /// Takes in calls until the connection is lost or there is another key.
    async fn serve<F: Future<Output = ()>>(
        &self,
        key: &Key,
        mut calls: mpsc::Receiver<Vec<u8>>,
        take: &impl Fn(Vec<AccessChange>) -> F,
        keys: &mut watch::Receiver<Option<Arc<Key>>>,
    ) {
        let mut pings = tokio::time::interval(PING_INTERVAL);
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                () = self.server.lost.notified() => return,
                _ = keys.changed() => return,
                _ = pings.tick() => {
                    if let Err(error) = self.server.ping().await {
                        tracing::warn!(%error, "the shared cache does not answer");
                        return;
                    }
                }
                count = calls.recv_many(&mut waiting, CALLS_AT_ONCE) => {
                    if count == 0 {
                        return;
                    }
                    let heard: Vec<AccessChange> =
                        waiting.drain(..).filter_map(|sealed| self.hear(key, &sealed)).collect();
                    if !heard.is_empty() {
                        self.counts.calls.fetch_add(heard.len() as u64, Ordering::Relaxed);
                        take(heard).await;
                    }
                }
            }
        }
    }

    /// A change that was called out; none when it cannot be believed, or is nothing new.
    fn hear(&self, key: &Key, sealed: &[u8]) -> Option<AccessChange> {
        let Some(entry) = key.open(sealed) else {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let least = self.reach.least(Instant::now())?;
        let is_fresh = self.clock.now_ms().abs_diff(entry.answered_at_ms) < CALL_FRESH_MS.unsigned_abs();
        (is_fresh && entry.position >= least).then_some(entry.change)
    }

    /// Gets the key, and again now and then, until it is dropped.
    pub async fn follow_key<F: Future<Output = Option<SecretString>>>(self: Arc<Self>, get: impl Fn() -> F) {
        loop {
            let secret = get().await;
            if let Some(secret) = &secret {
                self.use_key(secret);
            }
            let is_known = self.key.borrow().is_some();
            tokio::time::sleep(if is_known { KEY_INTERVAL } else { KEY_PAUSE }).await;
        }
    }
}

/// Every change of access among these news, with their numbers.
pub fn changes<'n>(news: impl Iterator<Item = &'n News>) -> Vec<(u64, &'n AccessChange)> {
    let changes = news.filter_map(|one| match one {
        News::Access { seq, changes } => Some(changes.iter().map(|change| (*seq, change))),
        _ => None,
    });
    changes.flatten().collect()
}

/// It was true once.
struct TooOld;

fn add(call: &mut ScriptInvocation<'_>, key: &Key, entry: &Entry, age_ms: i64, live_ms: i64) {
    // What is too long for the cache is asked about every time.
    let Some(sealed) = key.seal(entry) else { return };
    call.key(key.place(&entry.change.hash))
        .arg(format!("{:020}", entry.change.credential.version))
        .arg(age_ms)
        .arg(live_ms)
        .arg(sealed);
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Doubles with every failure, and is never the same for two nodes.
fn pause(failures: u32) -> Duration {
    let most = PAUSE_MIN.saturating_mul(1 << failures.min(6)).min(PAUSE_MAX);
    let jitter = u32::from(u16::from_le_bytes(Rng::System.bytes()));
    most / 2 + most / 2 * jitter / u32::from(u16::MAX)
}
