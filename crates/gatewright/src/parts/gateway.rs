//! The native gateway in the control plane's own process: a node that follows the news without a network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use gatewright_database::Database;
use gatewright_gateway::{Gateway, Options, Tracing};
use gatewright_native::nodes::{Connected, Next, Reported};
use gatewright_native::{Nodes, uses};
use gatewright_snapshot::protocol::{KeyUse, News};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::shared_cache::SharedCache;
use crate::{bring_news, glue, shared_cache, tell_uses};

/// Pause before what failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// How often the gateway hears that the control plane is there.
const HEAR_INTERVAL: Duration = Duration::from_secs(1);
/// Longest wait for the database to take the node out of the list.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// A gateway that follows the news inside this process.
pub struct NativeGateway {
    gateway: Arc<Gateway>,
    nodes: Arc<Nodes>,
    connected: Connected,
    shared: Option<Arc<SharedCache>>,
    /// Who brings it news: they end before it does.
    following: Vec<JoinHandle<()>>,
    /// Who answers it: they end after it.
    tasks: Vec<JoinHandle<()>>,
}

impl NativeGateway {
    /// Starts the gateway and everything that joins it to the control plane.
    pub async fn start(
        settings: &Settings,
        database: &Database,
        nodes: &Arc<Nodes>,
        tracing: Option<Tracing>,
    ) -> anyhow::Result<Self> {
        // Before the snapshot is taken: it is at least as new.
        let position = nodes.position();
        let shared = settings.shared_cache(database.clock())?;
        if let Some(shared) = &shared {
            shared.begin(position);
        }
        let current = nodes.latest_snapshot().await?;
        let (lookups, questions) = mpsc::channel(glue::LOOKUPS_WAITING_MAX);
        let options = Options {
            addr: settings.gateway_addr,
            cores: settings.cores(),
            clock: database.clock().clone(),
            limits: settings.limits(),
            tracing,
            heard: true,
        };
        let gateway = Gateway::start(options, Arc::clone(&current.snapshot), lookups).context("gateway_addr")?;
        let gateway = Arc::new(gateway);
        let reported = Reported {
            position,
            snapshot_version: current.snapshot.version,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            addr: gateway.local_addr().to_string(),
        };
        let id = nodes.join_in_process(&reported).await?;
        let connected = nodes.connect(id, None);
        nodes.report(id, reported.clone());
        let follower = Follower {
            nodes: Arc::clone(nodes),
            gateway: Arc::clone(&gateway),
            connected: id,
            wanted: watch::Sender::new(current.snapshot.version),
            reported: Mutex::new(reported),
            shared: shared.clone(),
        };
        let desk = glue::Desk {
            database: database.clone(),
            nodes: Arc::clone(nodes),
            shared: shared.clone(),
        };
        let mut following = vec![tokio::spawn(follower.run())];
        let tasks = vec![tokio::spawn(glue::answer_lookups(desk, questions))];
        let noting = database.clone();
        following.push(tokio::spawn(tell_uses::run(
            Arc::clone(&gateway),
            async move |used: Vec<KeyUse>| uses::note(&noting, &used).await,
        )));
        if let Some(shared) = &shared {
            let nodes = Arc::clone(nodes);
            let key = move || std::future::ready(nodes.shared_cache_key());
            following.push(tokio::spawn(Arc::clone(shared).follow_key(key)));
            following.push(tokio::spawn(Arc::clone(shared).run(bring_news::ahead(&gateway))));
        }
        Ok(Self {
            gateway,
            nodes: Arc::clone(nodes),
            connected,
            shared,
            following,
            tasks,
        })
    }

    /// Lets `metrics` tell what it counts.
    pub fn tell(&self, metrics: &Metrics) {
        metrics.add_gateway(&self.gateway);
        if let Some(shared) = &self.shared {
            metrics.add_shared_cache(shared);
        }
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.gateway.local_addr())
    }

    /// Finishes what is under way for at most `limit` and ends.
    pub async fn stop(self, limit: Duration) {
        // Look-ups are answered until the gateway has ended.
        for task in self.following {
            task.abort();
            let _ = task.await;
        }
        if let Some(gateway) = Arc::into_inner(self.gateway) {
            gateway.drain(limit).await;
        }
        for task in self.tasks {
            task.abort();
        }
        self.nodes.leave_in_process(self.connected.id(), LEAVE_TIMEOUT).await;
    }
}

struct Follower {
    nodes: Arc<Nodes>,
    gateway: Arc<Gateway>,
    connected: gatewright_types::ids::NodeId,
    /// The version of the configuration that is to be served.
    wanted: watch::Sender<u64>,
    reported: Mutex<Reported>,
    shared: Option<Arc<SharedCache>>,
}

impl Follower {
    async fn run(self) {
        tokio::join!(self.take_news(), self.take_configuration(), self.hear());
    }

    /// As long as the control plane is sure of what it knows, so is the gateway.
    async fn hear(&self) {
        let mut ticks = tokio::time::interval(HEAR_INTERVAL);
        loop {
            ticks.tick().await;
            self.gateway.hear(self.nodes.age());
        }
    }

    async fn take_news(&self) {
        loop {
            let position = self.position();
            match self.nodes.next(position).await {
                Ok(Next::Items(items)) => {
                    let news = items.iter().map(|item| &item.news);
                    bring_news::access(&self.gateway, bring_news::changes(news.clone())).await;
                    if let Some(shared) = &self.shared {
                        shared.advance(items.last().map_or(position, |item| item.news.seq()));
                        shared.take_in(&shared_cache::changes(news.clone())).await;
                    }
                    for one in news {
                        if let News::Configuration { seq } = one {
                            self.wanted.send_replace(*seq);
                        }
                    }
                    self.report(|reported| reported.position = items.last().map_or(position, |item| item.news.seq()));
                }
                Ok(Next::Missed(now)) => {
                    tracing::warn!(
                        news.position = position,
                        "news were missed; every credential is asked about again"
                    );
                    // Before it is forgotten: nothing from before may come back.
                    if let Some(shared) = &self.shared {
                        shared.begin(now);
                    }
                    self.gateway.forget().await;
                    self.wanted.send_modify(|wanted| *wanted = (*wanted).max(now));
                    self.report(|reported| reported.position = now);
                }
                Err(error) => {
                    tracing::warn!(%error, "the news cannot be read");
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn take_configuration(&self) {
        let mut wanted = self.wanted.subscribe();
        while wanted.changed().await.is_ok() {
            loop {
                let version = *wanted.borrow_and_update();
                match self.nodes.snapshot(version).await {
                    Ok(current) => {
                        self.gateway.set_snapshot(Arc::clone(&current.snapshot));
                        self.report(|reported| reported.snapshot_version = current.snapshot.version);
                        break;
                    }
                    Err(error) => tracing::error!(%error, "the gateway keeps the configuration it has"),
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }

    fn position(&self) -> u64 {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).position
    }

    fn report(&self, change: impl FnOnce(&mut Reported)) {
        let mut reported = self.reported.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut reported);
        self.nodes.report(self.connected, reported.clone());
    }
}
