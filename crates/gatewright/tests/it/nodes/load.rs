//! Clients that call without a pause, and what they are answered.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gatewright_testkit::Wire;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::scene::PATH;

/// Clients of each node, each with a kept-alive connection.
const CLIENTS: usize = 4;

/// What was answered: how often which status and code came, by phase.
pub(super) type Counts = BTreeMap<(usize, u16, String), usize>;

/// Clients under way.
pub(super) struct Load {
    runtime: Runtime,
    clients: JoinSet<()>,
    phase: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
}

impl Load {
    /// Begins to call these nodes' gateway `slug` with a key, in phase 0.
    pub(super) fn begin(nodes: &[SocketAddr], slug: &'static str, key: &str) -> Self {
        // Threads of their own, so that what the test does is not held up by them.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (phase, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let counts = Arc::new(Mutex::new(Counts::new()));
        let mut clients = JoinSet::new();
        for addr in nodes.iter().flat_map(|addr| [*addr; CLIENTS]) {
            let (phase, ends, counts) = (Arc::clone(&phase), Arc::clone(&ends), Arc::clone(&counts));
            let key = key.to_owned();
            let client = async move {
                let mut wire = Wire::connect(addr).await;
                while !ends.load(Ordering::Acquire) {
                    // Read before the request is written: only then was it surely sent in this phase or later.
                    let sent_in = phase.load(Ordering::Acquire);
                    let answer = wire.get(slug, PATH, &[("x-api-key", &key)]).await;
                    let code = answer.code();
                    *counts
                        .lock()
                        .unwrap()
                        .entry((sent_in, answer.status, code))
                        .or_default() += 1;
                }
            };
            clients.spawn_on(client, runtime.handle());
        }
        Self {
            runtime,
            clients,
            phase,
            ends,
            counts,
        }
    }

    /// From now on requests count for the next phase.
    pub(super) fn next_phase(&self) {
        self.phase.fetch_add(1, Ordering::AcqRel);
    }

    /// How many requests of a phase were answered so.
    pub(super) fn count(&self, phase: usize, status: u16, code: &str) -> usize {
        let counts = self.counts.lock().unwrap();
        counts.get(&(phase, status, code.to_owned())).copied().unwrap_or(0)
    }

    /// Ends it and returns what was answered.
    pub(super) async fn end(mut self) -> Counts {
        self.ends.store(true, Ordering::Release);
        while let Some(client) = self.clients.join_next().await {
            client.unwrap();
        }
        self.runtime.shutdown_background();
        let counts = self.counts.lock().unwrap();
        counts.clone()
    }
}

/// What was answered in a phase.
pub(super) fn answers(counts: &Counts, phase: usize) -> Vec<(u16, &str)> {
    let of_phase = counts.keys().filter(|(at, ..)| *at == phase);
    of_phase.map(|(_, status, code)| (*status, code.as_str())).collect()
}
