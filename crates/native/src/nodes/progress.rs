//! How far every node is that this process knows of, and waiting for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatewright_types::ids::NodeId;
use tokio::sync::{Notify, watch};

use super::{ACKNOWLEDGE_TIMEOUT, AWAY_AFTER, Reported};
use crate::model::NodeAnswer;

/// How long it is remembered how far a node was that is not connected here.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// A node that somebody waits for.
pub(super) struct Expected {
    pub(super) id: NodeId,
    /// Whether it was heard of lately; nobody waits for the others.
    pub(super) live: bool,
}

#[derive(Default)]
struct Known {
    reported: Reported,
    /// Streams that it has open here; in-process counts as one.
    here: usize,
    /// When it last reported, to us or to another control plane.
    reported_at: Option<Instant>,
    /// Whether it reports to us, so that we tell the others.
    ours: bool,
    /// How far it was when the other control planes were last told.
    shared: (u64, u64),
}

impl Known {
    /// Never back: reports may overtake each other on their ways.
    fn come_to(&mut self, position: u64, snapshot_version: u64) {
        self.reported.position = self.reported.position.max(position);
        self.reported.snapshot_version = self.reported.snapshot_version.max(snapshot_version);
        self.reported_at = Some(Instant::now());
    }

    fn is_silent(&self, limit: Duration) -> bool {
        self.reported_at.is_none_or(|at| at.elapsed() > limit)
    }
}

pub(super) struct Progress {
    known: Mutex<HashMap<NodeId, Known>>,
    changed: watch::Sender<()>,
    /// Somebody elsewhere waits for one of ours.
    pub(super) share: Notify,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            known: Mutex::default(),
            changed: watch::Sender::new(()),
            share: Notify::new(),
        }
    }

    /// A node is connected here from now on.
    pub(super) fn arrive(&self, id: NodeId) {
        let mut known = self.lock();
        let node = known.entry(id).or_default();
        node.here += 1;
        node.reported_at = Some(Instant::now());
    }

    /// It is not any more.
    pub(super) fn leave(&self, id: NodeId) {
        let mut known = self.lock();
        if let Some(node) = known.get_mut(&id) {
            node.here = node.here.saturating_sub(1);
            if node.here == 0 {
                known.remove(&id);
            }
        }
        drop(known);
        self.changed.send_replace(());
    }

    /// A node says how far it is. `foreign` is the last news of another control plane, which may wait for it.
    pub(super) fn report(&self, id: NodeId, reported: Reported, foreign: u64) {
        let mut known = self.lock();
        let node = known.entry(id).or_default();
        node.come_to(reported.position, reported.snapshot_version);
        node.reported.version = reported.version;
        node.reported.addr = reported.addr;
        node.ours = true;
        let has_moved = (node.reported.position, node.reported.snapshot_version) != node.shared;
        let is_waited_for = node.shared.0 < foreign || node.shared.1 < foreign;
        drop(known);
        self.changed.send_replace(());
        if has_moved && is_waited_for {
            self.share.notify_one();
        }
    }

    /// Another control plane says how far a node is.
    pub(super) fn hear(&self, id: NodeId, position: u64, snapshot_version: u64) {
        self.lock().entry(id).or_default().come_to(position, snapshot_version);
        self.changed.send_replace(());
    }

    /// The database was set back, so numbers of news begin again lower: what was reported says nothing.
    pub(super) fn reset(&self) {
        for node in self.lock().values_mut() {
            (node.reported.position, node.reported.snapshot_version) = (0, 0);
        }
    }

    /// Whether a node has said nothing for as long.
    pub(super) fn is_silent(&self, id: NodeId, limit: Duration) -> bool {
        self.lock().get(&id).is_none_or(|node| node.is_silent(limit))
    }

    /// What the other control planes are to be told; `all` also names those that have not moved.
    pub(super) fn to_share(&self, all: bool) -> Vec<(NodeId, Reported)> {
        let mut known = self.lock();
        // What others said long ago is of no use to anybody.
        known.retain(|_, node| node.here > 0 || !node.is_silent(FORGOTTEN_AFTER));
        let mut shared = Vec::new();
        for (id, node) in known
            .iter_mut()
            .filter(|(_, node)| node.ours && !node.is_silent(AWAY_AFTER))
        {
            let now = (node.reported.position, node.reported.snapshot_version);
            if all || node.shared != now {
                node.shared = now;
                shared.push((*id, node.reported.clone()));
            }
        }
        shared
    }

    /// Of everybody heard of lately: how far each is, and whether it is silent by now.
    pub(super) fn stands(&self) -> Vec<(u64, bool)> {
        let known = self.lock();
        let stands = known
            .values()
            .map(|node| (node.reported.position, node.is_silent(AWAY_AFTER)));
        stands.collect()
    }

    /// Who is connected here.
    pub(super) fn here(&self) -> Vec<NodeId> {
        let known = self.lock();
        known
            .iter()
            .filter(|(_, node)| node.here > 0)
            .map(|(id, _)| *id)
            .collect()
    }

    /// Waits up to a second for everybody who is live to have come so far.
    pub(super) async fn wait(
        &self,
        expected: &[Expected],
        begun: Instant,
        is_there: impl Fn(&Reported) -> bool,
    ) -> Vec<NodeAnswer> {
        let mut changed = self.changed.subscribe();
        let deadline = tokio::time::Instant::from_std(begun + ACKNOWLEDGE_TIMEOUT);
        let mut took: BTreeMap<NodeId, Option<Duration>> = expected.iter().map(|one| (one.id, None)).collect();
        loop {
            changed.borrow_and_update();
            {
                let known = self.lock();
                let now = begun.elapsed();
                for (id, took) in took.iter_mut().filter(|(_, took)| took.is_none()) {
                    *took = known.get(id).filter(|node| is_there(&node.reported)).map(|_| now);
                }
            }
            let is_missing = |one: &Expected| one.live && took.get(&one.id).is_some_and(Option::is_none);
            if !expected.iter().any(is_missing) {
                break;
            }
            if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
                break;
            }
        }
        took.into_iter()
            .map(|(node_id, took)| {
                if took.is_none() {
                    tracing::warn!(node.id = %node_id, "a node has not acknowledged");
                }
                NodeAnswer {
                    node_id,
                    acknowledged_ms: took.map(|took| took.as_secs_f64() * 1000.0),
                }
            })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<NodeId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
