//! A gateway node of its own: no database, one control plane (or several, tried in turn).
//!
//! It asks with its token (`control`) and follows the news (`news`). What it knows it writes to disk
//! (`keeper`, `files`), so that it can start while the control plane is away. Look-ups go through one
//! place (`look_ups`).
//!
//! # Invariants
//! * News are on disk before they are acknowledged: a node that is killed and starts again while the control
//!   plane is away does not admit what it has acknowledged to refuse.
//! * What is on disk holds hashes, records and the configuration, no secret; the node's own token lies in a
//!   file that only its user reads.
//! * A file that is damaged is refused with a line in the log, and the node starts without it.

mod control;
mod files;
mod identity;
mod keeper;
mod knowledge;
mod look_ups;
mod news;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use gatewright_gateway::{Gateway, Options};
use gatewright_snapshot::Snapshot;
use gatewright_snapshot::config::SnapshotConfig;
use gatewright_types::Clock;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use crate::bring_news;
use crate::glue::LOOKUPS_WAITING_MAX;
use crate::health::{Health, Watched};
use crate::metrics::Metrics;
use crate::parts::metrics::MetricsServer;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::tell_uses;
use control::{CallError, ControlPlane, Fetched};
use keeper::Keeper;
use news::Follower;

/// Longest wait for the last words on disk when the node ends.
const SAVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Pause between two attempts to get the first configuration.
const START_PAUSE: Duration = Duration::from_secs(1);

/// A gateway node that runs.
pub struct Node {
    gateway: Arc<Gateway>,
    keeper: Arc<Keeper>,
    drain: Arc<AtomicU64>,
    /// Rings when the control plane wants the node to end.
    told_to_end: Arc<Notify>,
    /// Who brings it news: they end before it does.
    following: Vec<JoinHandle<()>>,
    /// Who answers it: they end after it.
    tasks: Vec<JoinHandle<()>>,
    metrics: Option<MetricsServer>,
    telemetry: Option<Telemetry>,
    health: Health,
    health_addr: SocketAddr,
    _lock: std::fs::File,
}

/// The configuration that a node begins with.
struct Beginning {
    snapshot: Arc<Snapshot>,
    etag: Option<String>,
    heard: bool,
}

impl Node {
    /// Lets the node in where that is needed, gets a configuration and serves it.
    pub async fn start(settings: &Settings, clock: Clock) -> anyhow::Result<Self> {
        let folder: PathBuf = settings.data_dir.join("node");
        let lock = files::lock(&folder)?;
        let url = settings
            .control_url
            .as_deref()
            .context("control_url: with --role gateway, say where the control plane is")?;
        let (name, health_addr) = settings.front();
        let health_listener = TcpListener::bind(health_addr)
            .await
            .with_context(|| format!("{name}: cannot listen on {health_addr}"))?;
        let metrics_listener = match settings.metrics_addr {
            Some(addr) => Some(Metrics::listen(addr).await?),
            None => None,
        };
        let addr = settings.gateway_addr.to_string();
        let (control, identity) = identity::load_or_enroll(
            &folder,
            url,
            settings.ca_file.as_deref(),
            settings.enrollment_code.as_ref(),
            &addr,
        )
        .await?;
        let control = Arc::new(control);
        let (keeper, kept_snapshot) = Keeper::open(&folder, identity.node_id, clock.clone());
        let keeper = Arc::new(keeper);
        let shared = settings.shared_cache(&clock)?;
        let beginning = begin(&control, &keeper, kept_snapshot).await?;

        let telemetry = match &settings.otlp_endpoint {
            Some(endpoint) => Some(Telemetry::start(endpoint, settings.trace_percent, identity.node_id)?),
            None => None,
        };
        let (lookups, questions) = mpsc::channel(LOOKUPS_WAITING_MAX);
        let options = Options {
            addr: settings.gateway_addr,
            cores: settings.cores(),
            clock: clock.clone(),
            limits: settings.limits(),
            tracing: telemetry.as_ref().map(Telemetry::tracing),
            heard: beginning.heard,
        };
        let version = beginning.snapshot.version;
        let gateway = Gateway::start(options, beginning.snapshot, lookups).context("gateway_addr")?;
        let gateway = Arc::new(gateway);
        let (metrics, drain) = (Metrics::default(), Arc::new(AtomicU64::new(settings.drain_seconds)));
        metrics.add_gateway(&gateway);
        if let Some(shared) = &shared {
            metrics.add_shared_cache(shared);
        }
        let metrics = metrics_listener
            .map(|listener| MetricsServer::start(listener, metrics, Arc::clone(&drain)))
            .transpose()?;
        let health_addr = health_listener.local_addr()?;
        let health = Health::start(
            health_listener,
            Watched::Node(Arc::new(gateway.standing())),
            Arc::clone(&drain),
        );
        let told_to_end = Arc::new(Notify::new());
        let follower = Follower {
            control: Arc::clone(&control),
            keeper: Arc::clone(&keeper),
            shared: shared.clone(),
            gateway: Arc::clone(&gateway),
            clock: clock.clone(),
            id: identity.node_id,
            told_to_end: Arc::clone(&told_to_end),
            wanted: watch::Sender::new(()),
            is_back: Notify::new(),
            reported: watch::Sender::new(news::Done {
                position: keeper.position().unwrap_or(0),
                snapshot_version: version,
            }),
        };
        let mut following = vec![tokio::spawn(follower.run(beginning.etag))];
        let tasks = vec![
            tokio::spawn(look_ups::answer(
                Arc::clone(&control),
                Arc::clone(&keeper),
                shared.clone(),
                clock,
                questions,
            )),
            tokio::spawn(Arc::clone(&keeper).save_now_and_then()),
        ];
        let told = Arc::clone(&control);
        following.push(tokio::spawn(tell_uses::run(Arc::clone(&gateway), async move |used| {
            told.tell_uses(used).await
        })));
        if let Some(shared) = shared {
            following.push(tokio::spawn(
                Arc::clone(&shared).follow_key(move || key(Arc::clone(&control))),
            ));
            following.push(tokio::spawn(shared.run(bring_news::ahead(&gateway))));
        }
        tracing::info!(node.id = %identity.node_id, "the node serves");
        Ok(Self {
            gateway,
            keeper,
            drain,
            told_to_end,
            following,
            tasks,
            metrics,
            telemetry,
            health,
            health_addr,
            _lock: lock,
        })
    }

    /// Where the gateway is.
    pub fn gateway_url(&self) -> String {
        format!("http://{}", self.gateway.local_addr())
    }

    /// Where it answers health checks.
    pub const fn health_addr(&self) -> SocketAddr {
        self.health_addr
    }

    /// Returns when the control plane wants the node to end.
    pub async fn told_to_end(&self) {
        self.told_to_end.notified().await;
    }

    /// Changes how long the end waits for what is under way.
    pub fn set_drain(&self, seconds: u64) {
        self.drain.store(seconds, Ordering::Relaxed);
    }

    /// Finishes what is under way, for at most the time that the settings give, and ends.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.health.drain();
        // Look-ups are answered until the gateway has ended.
        for task in self.following {
            task.abort();
            let _ = task.await;
        }
        if let Some(gateway) = Arc::into_inner(self.gateway) {
            gateway
                .drain(Duration::from_secs(self.drain.load(Ordering::Relaxed)))
                .await;
        }
        for task in self.tasks {
            task.abort();
        }
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        if let Some(telemetry) = self.telemetry {
            telemetry.stop().await;
        }
        let saved = tokio::time::timeout(SAVE_TIMEOUT, self.keeper.save()).await;
        if saved.is_err() {
            tracing::warn!("what the node knows could not be written in time");
        }
        self.health.stop().await
    }
}

/// Each address of `control_url`, and what time it is there in milliseconds since 1970, or why nobody can say.
pub async fn control_planes(settings: &Settings) -> anyhow::Result<Vec<(String, anyhow::Result<i64>)>> {
    let url = settings.control_url.as_deref().unwrap_or_default();
    Ok(ControlPlane::new(url, settings.ca_file.as_deref())?.clocks().await)
}

/// The newest configuration; that of the disk where the control plane is away.
async fn begin(control: &ControlPlane, keeper: &Keeper, kept: Option<(String, Vec<u8>)>) -> anyhow::Result<Beginning> {
    loop {
        match control.snapshot(None).await {
            Ok(Fetched::New { etag, json }) => match compile(&json) {
                Ok(snapshot) => {
                    keeper.keep_snapshot(&etag, &json);
                    return Ok(Beginning {
                        snapshot: Arc::new(snapshot),
                        etag: Some(etag),
                        heard: true,
                    });
                }
                Err(error) => tracing::error!(%error, "the control plane's configuration is refused"),
            },
            Ok(Fetched::Same) => {}
            Err(error @ CallError::Revoked) => {
                keeper.wipe();
                return Err(error.into());
            }
            Err(error) => tracing::warn!(%error, "the control plane cannot be asked for the configuration"),
        }
        if let Some((etag, json)) = &kept {
            match compile(json) {
                Ok(snapshot) => {
                    tracing::warn!(snapshot.version = snapshot.version, "starting from what is on disk");
                    return Ok(Beginning {
                        snapshot: Arc::new(snapshot),
                        etag: Some(etag.clone()),
                        heard: false,
                    });
                }
                Err(error) => tracing::error!(%error, "the configuration on disk is refused"),
            }
        }
        tokio::time::sleep(START_PAUSE).await;
    }
}

/// What is shared is sealed with this.
async fn key(control: Arc<ControlPlane>) -> Option<SecretString> {
    control
        .shared_cache_key()
        .await
        .inspect_err(|error| tracing::debug!(%error, "the shared cache's key cannot be fetched"))
        .ok()
}

fn compile(json: &[u8]) -> anyhow::Result<Snapshot> {
    let config: SnapshotConfig = serde_json::from_slice(json)?;
    Ok(Snapshot::compile(config)?)
}
