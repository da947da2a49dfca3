//! The nodes that serve native gateways, and how they are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatewright_database::Database;
use gatewright_snapshot::{AccessChange, Snapshot};
use gatewright_types::ids::NodeId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::NodeAnswer;
use crate::{NativeError, configuration};

/// Longest wait for nodes to acknowledge.
pub const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(1);
/// Most pushes that wait for one node.
pub const PUSHES_WAITING_MAX: usize = 1024;

/// What a node is told at once.
pub struct Push {
    /// What is true from now on.
    pub changes: Arc<[AccessChange]>,
    /// To be answered when every core has taken it over.
    pub acknowledge: oneshot::Sender<()>,
}

/// What has to follow a commit before the request is answered.
#[derive(Debug, Default)]
pub struct Effects {
    /// Who is admitted has changed.
    pub access: Vec<AccessChange>,
    /// What is routed has changed.
    pub configuration: bool,
}

impl Effects {
    /// What is routed has changed.
    pub const fn configuration() -> Self {
        Self { access: Vec::new(), configuration: true }
    }

    /// Who is admitted has changed.
    pub const fn access(access: Vec<AccessChange>) -> Self {
        Self { access, configuration: false }
    }
}

/// Every node of this process, and the snapshot they serve.
pub struct Nodes {
    settings: configuration::Settings,
    snapshot: watch::Sender<Arc<Snapshot>>,
    nodes: Mutex<Vec<Node>>,
    /// Rises with every wish for a new snapshot.
    wished: AtomicU64,
    /// The wish that the snapshot fulfills; held while a snapshot is made.
    fulfilled: tokio::sync::Mutex<u64>,
}

#[derive(Clone)]
struct Node {
    id: NodeId,
    pushes: mpsc::Sender<Push>,
}

impl Nodes {
    /// No nodes yet, and the snapshot as the database has it.
    pub async fn start(database: &Database, settings: configuration::Settings) -> Result<Self, NativeError> {
        let snapshot = configuration::load(database, &settings).await?;
        Ok(Self {
            settings,
            snapshot: watch::Sender::new(Arc::new(snapshot)),
            nodes: Mutex::new(Vec::new()),
            wished: AtomicU64::new(0),
            fulfilled: tokio::sync::Mutex::new(0),
        })
    }

    /// The snapshot, and every later one.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.subscribe()
    }

    /// Adds a node; it takes its pushes from the queue that is returned.
    pub fn join(&self, id: NodeId) -> mpsc::Receiver<Push> {
        let (pushes, queue) = mpsc::channel(PUSHES_WAITING_MAX);
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(Node { id, pushes });
        queue
    }

    /// Carries out what has to follow a commit. Nothing of it can fail the request: it is committed.
    pub async fn carry_out(&self, database: &Database, effects: Effects) -> Vec<NodeAnswer> {
        if effects.configuration {
            self.publish(database).await;
        }
        self.tell(effects.access).await
    }

    /// Tells every node who is admitted from now on, and waits up to a second for each.
    ///
    /// A node that is slower is told all the same; only the answer does not wait for it.
    pub async fn tell(&self, changes: Vec<AccessChange>) -> Vec<NodeAnswer> {
        if changes.is_empty() {
            return Vec::new();
        }
        let changes: Arc<[AccessChange]> = changes.into();
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let begun = Instant::now();
        let told: Vec<_> = nodes
            .into_iter()
            .map(|node| {
                let changes = Arc::clone(&changes);
                let delivery = tokio::spawn(async move {
                    let (acknowledge, acknowledged) = oneshot::channel();
                    node.pushes.send(Push { changes, acknowledge }).await.ok()?;
                    acknowledged.await.ok()?;
                    Some(begun.elapsed())
                });
                (node.id, delivery)
            })
            .collect();
        let deadline = tokio::time::Instant::from_std(begun + ACKNOWLEDGE_TIMEOUT);
        let mut answers = Vec::with_capacity(told.len());
        for (node_id, delivery) in told {
            // The task goes on when the time is over: dropping its handle only stops the waiting.
            let took = tokio::time::timeout_at(deadline, delivery).await.ok().and_then(Result::ok).flatten();
            if took.is_none() {
                tracing::warn!(node.id = %node_id, "a node has not acknowledged who is admitted within a second");
            }
            answers.push(NodeAnswer { node_id, acknowledged_ms: took.map(|took| took.as_secs_f64() * 1000.0) });
        }
        answers
    }

    /// Makes a snapshot of what is committed and gives it to the nodes; many wishes share one.
    pub async fn publish(&self, database: &Database) {
        let wish = self.wished.fetch_add(1, Ordering::AcqRel) + 1;
        let mut fulfilled = self.fulfilled.lock().await;
        if *fulfilled >= wish {
            return;
        }
        // Read before the database is: a wish that comes later may not be in what we load.
        let through = self.wished.load(Ordering::Acquire);
        match configuration::load(database, &self.settings).await {
            Ok(snapshot) => {
                self.snapshot.send_replace(Arc::new(snapshot));
                *fulfilled = through;
            }
            Err(error) => tracing::error!(error = %error, "the nodes keep the configuration they have"),
        }
    }
}
