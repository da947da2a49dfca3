//! The nodes that serve native gateways, and how they are told.
//!
//! What nodes have to know is *news*: a row of `node_news`, written by the commit that makes it true
//! ([`Nodes::commit`]), with a number that has no holes. So a control plane that is killed right after the
//! commit loses nothing, and a node that misses a number knows.
//!
//! Every control plane has all news in memory (`feed`): its own at once, those of others when
//! PostgreSQL wakes it, or within a second without (`follow`). A node, in this process or at the end of
//! a stream, goes through them with a position of its own ([`Nodes::next`]) and reports how far it is;
//! `progress` collects that from wherever it is said. The control plane that answers a request waits
//! there for every live node.

mod enroll;
mod feed;
mod follow;
pub mod housekeeping;
mod manage;
mod permits;
mod progress;
mod snapshots;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use gatewright_database::{Database, SystemUse, TenantTx};
use gatewright_snapshot::AccessChange;
use gatewright_snapshot::protocol::{AWAY_AFTER_MS, CHANGES_PER_NEWS_MAX, News};
use gatewright_types::CredentialHash;
use gatewright_types::ids::NodeId;
use secrecy::SecretString;
use tokio::sync::watch;

pub use enroll::{ENROLLMENT_CODE_VALID, EnrollmentCode, NODES_MAX};
pub use feed::{Item, line};
pub use permits::PermittedCall;
pub use snapshots::Current;

use crate::model::NodeAnswer;
use crate::store::news::Written;
use crate::{NativeError, configuration, store};
use feed::{Feed, Found};
use progress::{Expected, Progress};
use snapshots::Snapshots;

/// Longest wait for nodes to acknowledge.
pub const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(1);
/// From when on a node that has not reported counts as away.
pub const AWAY_AFTER: Duration = Duration::from_millis(AWAY_AFTER_MS.unsigned_abs());
/// How long news are kept; a node that was away for longer forgets what it knows.
pub const NEWS_KEPT: TimeDelta = TimeDelta::hours(1);
/// What the nodes' key is derived from a master key for.
const SHARED_CACHE_PURPOSE: &str = "shared-cache";
/// News that are read from the database at once.
const PAGE: i64 = 64;

/// How far a node is, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// The number of the last news that every core has taken in.
    pub position: u64,
    /// The version of the configuration that it serves.
    pub snapshot_version: u64,
    /// The program's version.
    pub version: String,
    /// Where it listens.
    pub addr: String,
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

    /// As news that have no number yet; what is routed comes last.
    fn into_news(self) -> Vec<News> {
        let mut news: Vec<News> = self
            .access
            .chunks(CHANGES_PER_NEWS_MAX)
            .map(|changes| News::Access {
                seq: 0,
                changes: changes.to_vec(),
            })
            .collect();
        if self.configuration {
            news.push(News::Configuration { seq: 0 });
        }
        news
    }
}

/// How the nodes are that this process has heard of in the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standings {
    /// Nodes that have taken in all news.
    pub current: usize,
    /// Nodes that have news to take in.
    pub behind: usize,
    /// Nodes that have said nothing for [`AWAY_AFTER`].
    pub silent: usize,
    /// News that the slowest of those that are not silent has to take in.
    pub news_behind: u64,
}

/// What a node finds at its position.
pub enum Next {
    /// What comes next, in order.
    Items(Vec<Arc<Item>>),
    /// What came next is not known any more; the news go on after this position.
    Missed(u64),
}

/// Commits a use case together with its news and waits for nobody: for work that no request waits for. Every control
/// plane reads them from the database and tells its nodes.
pub async fn commit_news(tx: TenantTx, effects: Effects) -> Result<(), NativeError> {
    let news = effects.into_news();
    if news.is_empty() {
        return Ok(tx.commit().await?);
    }
    let now = tx.now();
    let mut tx = tx.conclude(SystemUse::TellNodes).await?;
    store::news::insert(&mut tx, now, &news).await?;
    Ok(tx.commit().await?)
}

/// Every node, the news, and the configuration that they serve.
pub struct Nodes {
    database: Database,
    feed: Feed,
    progress: Progress,
    snapshots: Snapshots,
    announced: permits::Announced,
    /// The last news that came from another control plane.
    foreign: AtomicU64,
    /// News are missing, or may be.
    wanted: tokio::sync::Notify,
    /// Who is at the end of a stream of ours: their tokens need no look into the database.
    sessions: Mutex<HashMap<CredentialHash, NodeId>>,
    closing: watch::Sender<bool>,
}

impl Nodes {
    /// No nodes yet, and the configuration as the database has it.
    pub async fn start(database: &Database, settings: configuration::Settings) -> Result<Self, NativeError> {
        let mut tx = database.system(SystemUse::FollowNodes).await?;
        let position = store::news::position(&mut tx).await?;
        tx.close().await?;
        Ok(Self {
            database: database.clone(),
            feed: Feed::new(position.seq, position.configuration),
            progress: Progress::new(),
            snapshots: Snapshots::load(database, settings).await?,
            announced: permits::Announced::default(),
            foreign: AtomicU64::new(0),
            wanted: tokio::sync::Notify::new(),
            sessions: Mutex::default(),
            closing: watch::Sender::new(false),
        })
    }

    /// A gateway's host is `<slug>.<base domain>`.
    pub fn base_domain(&self) -> &str {
        self.snapshots.base_domain()
    }

    /// Commits a use case together with its news, tells every node and waits up to a second for each.
    ///
    /// A node that is slower is told all the same; only the answer does not wait for it. After the commit
    /// nothing can fail the request any more.
    pub async fn commit(&self, tx: TenantTx, effects: Effects) -> Result<Vec<NodeAnswer>, NativeError> {
        let news = effects.into_news();
        if news.is_empty() {
            tx.commit().await?;
            return Ok(Vec::new());
        }
        let now = tx.now();
        let mut tx = tx.conclude(SystemUse::TellNodes).await?;
        let written = store::news::insert(&mut tx, now, &news).await?;
        tx.commit().await?;
        Ok(self.tell(written, news, None).await)
    }

    /// Hands out news that were just committed, and waits for every node, or for only one.
    async fn tell(&self, written: Written, news: Vec<News>, only: Option<NodeId>) -> Vec<NodeAnswer> {
        let begun = Instant::now();
        let first = written.last + 1 - news.len() as u64;
        let changes_access = news.iter().any(|one| !matches!(one, News::Configuration { .. }));
        let changes_routes = matches!(news.last(), Some(News::Configuration { .. }));
        let numbered = news.into_iter().zip(first..).map(|(one, seq)| one.numbered(seq));
        if !self.feed.append(numbered) {
            // Others committed something before; it is read now.
            self.wanted.notify_one();
        }
        let mut expected = self.expected(written.nodes);
        expected.retain(|one| only.is_none_or(|id| id == one.id));
        let is_there = |node: &Reported| {
            (!changes_access || node.position >= written.last)
                && (!changes_routes || node.snapshot_version >= written.last)
        };
        self.progress.wait(&expected, begun, is_there).await
    }

    /// Everybody who is not revoked; who is connected here is live whatever the database says.
    fn expected(&self, nodes: Vec<(NodeId, chrono::DateTime<chrono::Utc>)>) -> Vec<Expected> {
        let away_before = self.database.clock().now() - TimeDelta::milliseconds(AWAY_AFTER_MS);
        let here = self.progress.here();
        let others = nodes.into_iter().filter(|(id, _)| !here.contains(id));
        let others: Vec<Expected> = others
            .map(|(id, seen_at)| Expected {
                id,
                live: seen_at > away_before,
            })
            .collect();
        let ours = here.iter().map(|id| Expected { id: *id, live: true });
        ours.chain(others).collect()
    }

    /// Where the news begin for a node that knows nothing: what it looks up is at least as new.
    pub fn position(&self) -> u64 {
        self.feed.last()
    }

    /// For how long it is not sure that there are no other news: as long as the database is away.
    pub fn age(&self) -> Duration {
        self.feed.age()
    }

    /// What follows a position; waits until there is something.
    pub async fn next(&self, position: u64) -> Result<Next, NativeError> {
        let mut last = self.feed.watch();
        loop {
            last.borrow_and_update();
            match self.feed.after(position) {
                Found::Items(items) if items.is_empty() => {}
                Found::Items(items) => return Ok(Next::Items(items)),
                Found::Ahead => return Ok(Next::Missed(self.feed.last())),
                Found::Behind => return self.read_back(position).await,
            }
            if last.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// For a node that is further behind than memory reaches.
    async fn read_back(&self, position: u64) -> Result<Next, NativeError> {
        let mut tx = self.database.system(SystemUse::FollowNodes).await?;
        let news = store::news::after(&mut tx, position, PAGE).await?;
        tx.close().await?;
        let is_whole = news.first().is_some_and(|first| first.seq() == position + 1);
        Ok(if is_whole {
            Next::Items(news.into_iter().map(Item::new).collect())
        } else {
            Next::Missed(self.feed.last())
        })
    }

    /// The configuration, at least of this version; loaded when it is older, once for all who ask.
    pub async fn snapshot(&self, version: u64) -> Result<Arc<Current>, NativeError> {
        self.snapshots.at_least(&self.database, version).await
    }

    /// The configuration of the last news about it that are known here.
    pub async fn latest_snapshot(&self) -> Result<Arc<Current>, NativeError> {
        self.snapshot(self.feed.configuration()).await
    }

    /// How the nodes are.
    pub fn standings(&self) -> Standings {
        // First: what a node has taken in meanwhile does not make it look slow.
        let last = self.feed.last();
        let mut standings = Standings::default();
        for (position, is_silent) in self.progress.stands() {
            let behind = last.saturating_sub(position);
            match (is_silent, behind) {
                (true, _) => standings.silent += 1,
                (false, 0) => standings.current += 1,
                (false, _) => standings.behind += 1,
            }
            if !is_silent {
                standings.news_behind = standings.news_behind.max(behind);
            }
        }
        standings
    }

    /// What nodes seal with what they share through Redis. Every control plane derives the same from the master key, so
    /// it is kept nowhere, and it changes with the master key. None for a process without one.
    pub fn shared_cache_key(&self) -> Option<SecretString> {
        let vault = self.database.vault()?;
        Some(vault.keyring().active().derive(SHARED_CACHE_PURPOSE))
    }

    /// A node says how far it is.
    pub fn report(&self, id: NodeId, reported: Reported) {
        self.progress.report(id, reported, self.foreign.load(Ordering::Acquire));
    }

    /// A node is connected to this process until the guard is dropped.
    pub fn connect(self: &Arc<Self>, id: NodeId, token: Option<&str>) -> Connected {
        self.progress.arrive(id);
        let token = token.map(|token| CredentialHash::of(token.as_bytes()));
        if let Some(hash) = token {
            self.sessions().insert(hash, id);
        }
        Connected {
            nodes: Arc::clone(self),
            id,
            token,
        }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<CredentialHash, NodeId>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every stream, so that nodes go elsewhere.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Returns when the streams are to end.
    pub async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        let _ = closing.wait_for(|closing| *closing).await;
    }
}

/// A node's connection to this process.
pub struct Connected {
    nodes: Arc<Nodes>,
    id: NodeId,
    token: Option<CredentialHash>,
}

impl Connected {
    /// Which node.
    pub const fn id(&self) -> NodeId {
        self.id
    }

    /// Whether it has not reported for so long that it is surely gone.
    pub fn is_silent(&self) -> bool {
        self.nodes.progress.is_silent(self.id, AWAY_AFTER)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            self.nodes.sessions().remove(token);
        }
        self.nodes.progress.leave(self.id);
    }
}
