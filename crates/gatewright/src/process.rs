//! One process with everything in it, from the database to the listeners, and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gatewright_api::ApiState;
use gatewright_database::Database;
use gatewright_gateway::{Gateway, Limits, Options};
use gatewright_native::{Nodes, configuration};
use gatewright_types::ids::NodeId;
use gatewright_types::problem::PROBLEM_PAGES;
use gatewright_types::{Clock, Rng};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::metrics::Metrics;
use crate::postgres::Postgres;
use crate::settings::Settings;
use crate::{glue, http};

/// Tells a person what is going on while the process starts.
pub type Progress = dyn Fn(&str) + Send + Sync;

/// A control plane and a native gateway that run.
pub struct Process {
    state: ApiState,
    gateway: Arc<Gateway>,
    postgres: Postgres,
    api_addr: SocketAddr,
    public_url: String,
    metrics_addr: Option<SocketAddr>,
    drain: Duration,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    news: JoinHandle<()>,
    background: Vec<JoinHandle<()>>,
}

/// The control plane's listener and database, before anything is served.
pub struct Prepared {
    listener: TcpListener,
    postgres: Postgres,
    /// The database, migrated.
    pub database: Database,
}

/// Takes the control plane's port, starts the database and migrates it.
pub async fn prepare(
    settings: &Settings,
    clock: Clock,
    rng: Rng,
    fresh: bool,
    progress: &Progress,
) -> anyhow::Result<Prepared> {
    // First of all: a second instance is refused before it touches anything.
    let listener = TcpListener::bind(settings.http_addr)
        .await
        .with_context(|| format!("http_addr: cannot listen on {}", settings.http_addr))?;
    let postgres = Postgres::start(settings, fresh, progress).await?;
    let migrated = gatewright_database::migrate(&postgres.options).await?;
    if migrated > 0 {
        progress(&format!("migrated the database by {migrated} steps"));
    }
    let database = Database::open(postgres.options.clone(), settings.database_connections, clock, rng).await?;
    Ok(Prepared {
        listener,
        postgres,
        database,
    })
}

impl Prepared {
    /// Starts the gateway and serves.
    pub async fn serve(self, settings: &Settings) -> anyhow::Result<Process> {
        let Self {
            listener,
            postgres,
            database,
        } = self;
        let api_addr = listener.local_addr()?;
        let public_url = settings
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{api_addr}"));
        let problem_pages = format!("{}{PROBLEM_PAGES}", public_url.trim_end_matches('/'));
        let metrics = Metrics::default();
        let metrics_listener = match settings.metrics_addr {
            Some(addr) => Some(Metrics::listen(addr).await?),
            None => None,
        };
        let configuration = configuration::Settings {
            base_domain: settings.base_domain.clone(),
            problem_pages: problem_pages.clone(),
            default_gateway: settings.default_gateway.clone(),
        };
        let nodes = Arc::new(Nodes::start(&database, configuration).await?);
        let (snapshot, pushes) = nodes.join(NodeId::mint(database.clock(), database.rng())).await;
        let (lookups, questions) = mpsc::channel(glue::LOOKUPS_WAITING_MAX);
        let options = Options {
            addr: settings.gateway_addr,
            cores: settings.cores(),
            clock: database.clock().clone(),
            limits: Limits::default(),
            tracing: None,
        };
        let gateway = Arc::new(Gateway::start(options, snapshot, lookups).context("gateway_addr")?);
        let news = tokio::spawn(glue::deliver_news(Arc::clone(&gateway), pushes));
        let mut background = vec![
            tokio::spawn(glue::answer_lookups(database.clone(), questions)),
            tokio::spawn(glue::catch_up(database.clone(), Arc::clone(&nodes))),
            tokio::spawn(glue::keep_house(database.clone())),
            tokio::spawn(glue::seal_audit(database.clone())),
        ];
        metrics.add_gateway(&gateway);
        metrics.add_database(&database);

        let gateway_url = format!("http://{}", gateway.local_addr());
        let state = ApiState::new(database, nodes, problem_pages, gateway_url);
        background.push(tokio::spawn(glue::write_last_uses(state.clone())));
        let (stop, stopped) = watch::channel(false);
        let drain = Duration::from_secs(settings.drain_seconds);
        let serving = tokio::spawn(http::serve(
            listener,
            metrics.count(gatewright_api::router(state.clone())),
            stopped.clone(),
            drain,
        ));
        let metrics_addr = metrics_listener.as_ref().map(TcpListener::local_addr).transpose()?;
        if let Some(listener) = metrics_listener {
            background.push(tokio::spawn(http::serve(listener, metrics.router(), stopped, drain)));
        }
        Ok(Process {
            state,
            gateway,
            postgres,
            api_addr,
            public_url,
            metrics_addr,
            drain,
            stop,
            serving,
            news,
            background,
        })
    }
}

impl Process {
    /// Where the API is, up to and including `/api/v1`.
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.api_addr, gatewright_api::openapi::BASE_PATH)
    }

    /// Where the control plane is reached from outside.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where the native gateway is.
    pub fn gateway_url(&self) -> &str {
        self.state.gateway_url()
    }

    /// Where `/metrics` is, if anywhere.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics_addr
    }

    /// The database.
    pub fn database(&self) -> &Database {
        self.state.database()
    }

    /// Does at once what is done each second: seals the audit log and writes the last uses of tokens.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let database = self.state.database();
        self.state.last_uses().write(database).await?;
        gatewright_database::audit::seal::seal(database).await?;
        Ok(())
    }

    /// Finishes what is under way, for at most the time that the settings give, and ends everything.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.state.drain();
        self.stop.send_replace(true);
        let begun = tokio::time::Instant::now();
        // The control plane first: what it has promised about access must still reach the gateway.
        self.serving.await.context("the control plane")?;
        self.news.abort();
        let _ = self.news.await;
        if let Some(gateway) = Arc::into_inner(self.gateway) {
            gateway.drain(self.drain.saturating_sub(begun.elapsed())).await;
        }
        for task in self.background {
            task.abort();
        }
        if let Err(error) = self.state.last_uses().write(self.state.database()).await {
            tracing::warn!(%error, "the last uses of tokens could not be written");
        }
        self.state.database().close().await;
        self.postgres.stop().await
    }
}
