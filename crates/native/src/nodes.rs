//! The nodes that serve native gateways, and how they are told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatewright_database::Database;
use gatewright_snapshot::{AccessChange, Snapshot};
use gatewright_types::ids::NodeId;
use tokio::sync::{mpsc, oneshot};

use crate::model::NodeAnswer;
use crate::{NativeError, configuration};

/// Longest wait for nodes to acknowledge.
pub const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(1);
/// Most pushes that wait for one node.
pub const PUSHES_WAITING_MAX: usize = 1024;

/// What a node is told, in the order it became true.
#[derive(Clone)]
pub enum News {
    /// Who is admitted from now on.
    Access(Arc<[AccessChange]>),
    /// What is routed from now on.
    Configuration(Arc<Snapshot>),
}

/// One piece of news for one node.
pub struct Push {
    /// What is true from now on.
    pub news: News,
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
        Self {
            access: Vec::new(),
            configuration: true,
        }
    }

    /// Who is admitted has changed.
    pub const fn access(access: Vec<AccessChange>) -> Self {
        Self {
            access,
            configuration: false,
        }
    }
}

/// Every node of this process, and the snapshot they serve.
pub struct Nodes {
    settings: configuration::Settings,
    nodes: Mutex<Vec<Node>>,
    /// Rises with every wish for a new snapshot.
    wished: AtomicU64,
    /// Held while a snapshot is made and handed out.
    current: tokio::sync::Mutex<Current>,
}

struct Current {
    snapshot: Arc<Snapshot>,
    /// The last wish that the snapshot fulfills.
    fulfilled: u64,
}

#[derive(Clone)]
struct Node {
    id: NodeId,
    pushes: mpsc::Sender<Push>,
}

impl Nodes {
    /// No nodes yet, and the snapshot as the database has it.
    pub async fn start(database: &Database, settings: configuration::Settings) -> Result<Self, NativeError> {
        let snapshot = Arc::new(configuration::load(database, &settings).await?);
        Ok(Self {
            settings,
            nodes: Mutex::new(Vec::new()),
            wished: AtomicU64::new(0),
            current: tokio::sync::Mutex::new(Current { snapshot, fulfilled: 0 }),
        })
    }

    /// A gateway's host is `<slug>.<base domain>`.
    pub fn base_domain(&self) -> &str {
        &self.settings.base_domain
    }

    /// Adds a node; it begins with the snapshot and takes all later news from the queue.
    pub async fn join(&self, id: NodeId) -> (Arc<Snapshot>, mpsc::Receiver<Push>) {
        let (pushes, queue) = mpsc::channel(PUSHES_WAITING_MAX);
        let current = self.current.lock().await;
        self.nodes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Node { id, pushes });
        (Arc::clone(&current.snapshot), queue)
    }

    /// Carries out what has to follow a commit. Nothing of it can fail the request: it is committed.
    pub async fn carry_out(&self, database: &Database, effects: Effects) -> Vec<NodeAnswer> {
        if effects.configuration {
            self.publish(database).await;
        }
        if effects.access.is_empty() {
            return Vec::new();
        }
        self.tell(News::Access(effects.access.into())).await
    }

    /// Makes a snapshot of what is committed and gives it to the nodes; many wishes share one.
    pub async fn publish(&self, database: &Database) {
        let wish = self.wished.fetch_add(1, Ordering::AcqRel) + 1;
        self.fulfill(database, wish).await;
    }

    /// Makes up for a [`publish`](Self::publish) that failed because the database was away; to be called now and then.
    pub async fn catch_up(&self, database: &Database) {
        self.fulfill(database, self.wished.load(Ordering::Acquire)).await;
    }

    async fn fulfill(&self, database: &Database, wish: u64) {
        let mut current = self.current.lock().await;
        if current.fulfilled >= wish {
            return;
        }
        // Read before the database is: a wish that comes later may not be in what we load.
        let through = self.wished.load(Ordering::Acquire);
        match configuration::load(database, &self.settings).await {
            Ok(snapshot) => {
                current.snapshot = Arc::new(snapshot);
                current.fulfilled = through;
                // Still holding the lock: a node gets snapshots in the order they were made.
                self.tell(News::Configuration(Arc::clone(&current.snapshot))).await;
            }
            Err(error) => tracing::error!(error = %error, "the nodes keep the configuration they have"),
        }
    }

    /// Tells every node, and waits up to a second for each.
    ///
    /// A node that is slower is told all the same; only the answer does not wait for it.
    async fn tell(&self, news: News) -> Vec<NodeAnswer> {
        let nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let begun = Instant::now();
        let told: Vec<_> = nodes
            .into_iter()
            .map(|node| {
                let news = news.clone();
                let delivery = tokio::spawn(async move {
                    let (acknowledge, acknowledged) = oneshot::channel();
                    node.pushes.send(Push { news, acknowledge }).await.ok()?;
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
            let took = tokio::time::timeout_at(deadline, delivery)
                .await
                .ok()
                .and_then(Result::ok)
                .flatten();
            if took.is_none() {
                tracing::warn!(node.id = %node_id, "a node has not acknowledged within a second");
            }
            answers.push(NodeAnswer {
                node_id,
                acknowledged_ms: took.map(|took| took.as_secs_f64() * 1000.0),
            });
        }
        answers
    }
}
