//! One process: the parts that its role names, from the database to the listeners, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use gatewright_api::ApiState;
use gatewright_api::state::Gateways;
use gatewright_database::Database;
use gatewright_orchestration::Orchestrator;
use gatewright_types::ids::NodeId;
use gatewright_types::slug::Slug;
use gatewright_types::{Clock, Rng};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::figures::{Jobs, Provisioning};
use crate::health::{Health, Watched};
use crate::metrics::Metrics;
use crate::notices;
use crate::parts::control::{self, Addresses, ControlPlane};
use crate::parts::gateway::NativeGateway;
use crate::parts::metrics::MetricsServer;
use crate::parts::worker::{self, Working};
use crate::postgres::Postgres;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::vault;

/// Tells a person what is going on while the process starts.
pub type Progress = dyn Fn(&str) + Send + Sync;

/// The parts of one role, running.
pub struct Process {
    database: Database,
    postgres: Postgres,
    addresses: Addresses,
    gateway_url: Option<String>,
    drain: Arc<AtomicU64>,
    /// The API, or where there is none its health checks.
    front: Front,
    gateway: Option<NativeGateway>,
    worker: Option<Working>,
    metrics: Option<MetricsServer>,
    telemetry: Option<Telemetry>,
    orchestrator: Orchestrator,
    /// Counts jobs and what is due on connected gateways for the metrics.
    counting: Option<JoinHandle<()>>,
}

enum Front {
    Api(ControlPlane),
    Health(Health),
}

/// The listener and the database, before anything is served.
pub struct Prepared {
    listener: TcpListener,
    postgres: Postgres,
    /// The database, migrated.
    pub database: Database,
}

/// Takes the control plane's port, or a worker's health port, starts the database and migrates it.
pub async fn prepare(
    settings: &Settings,
    clock: Clock,
    rng: Rng,
    fresh: bool,
    progress: &Progress,
) -> anyhow::Result<Prepared> {
    let (name, addr) = settings.front();
    // First of all: a second instance is refused before it touches anything.
    let listener = TcpListener::bind(addr)
        .await
        .with_context(|| format!("{name}: cannot listen on {addr}"))?;
    let postgres = Postgres::start(settings, fresh, progress).await?;
    let migrated = gatewright_database::migrate(&postgres.options).await?;
    if migrated > 0 {
        progress(&format!("migrated the database by {migrated} steps"));
    }
    let database = Database::open(postgres.options.clone(), settings.database_connections, clock, rng).await?;
    let vault = vault::open(settings, &database, progress).await?;
    let database = database.with_vault(vault);
    Ok(Prepared {
        listener,
        postgres,
        database,
    })
}

impl Prepared {
    /// Where it will listen.
    pub fn addr(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Starts the parts of the role.
    pub async fn serve(self, settings: &Settings) -> anyhow::Result<Process> {
        let Self {
            listener,
            postgres,
            database,
        } = self;
        let addresses = Addresses::of(settings, listener.local_addr()?);
        let drain = Arc::new(AtomicU64::new(settings.drain_seconds));
        let metrics = Metrics::default();
        let metrics_listener = match settings.metrics_addr {
            Some(addr) => Some(Metrics::listen(addr).await?),
            None => None,
        };
        metrics.add_database(&database);
        let orchestrator = notices::orchestrator(settings, &database, addresses.listens)?;
        // Asked of the database only where somebody looks.
        let counting = metrics_listener.is_some().then(|| {
            let (jobs, provisioning) = (Jobs::default(), Provisioning::new(orchestrator.clone()));
            metrics.add_jobs(&jobs);
            metrics.add_provisioning(&provisioning);
            let database = database.clone();
            tokio::spawn(async move {
                tokio::join!(jobs.measure(database), provisioning.measure());
            })
        });
        let instance = NodeId::mint(database.clock(), database.rng());
        let telemetry = match &settings.otlp_endpoint {
            Some(endpoint) => Some(Telemetry::start(endpoint, settings.trace_percent, instance)?),
            None => None,
        };
        let (front, gateway) = if settings.role.serves_api() {
            let nodes = control::nodes(settings, &database, &addresses).await?;
            metrics.add_nodes(&nodes);
            let gateway = if settings.role.serves_gateways() {
                let gateway =
                    NativeGateway::start(settings, &database, &nodes, telemetry.as_ref().map(Telemetry::tracing))
                        .await?;
                gateway.tell(&metrics);
                Some(gateway)
            } else {
                None
            };
            let pages = addresses.problem_pages.clone();
            let url = gateway.as_ref().map(NativeGateway::url);
            let told = notices::for_api(settings)?;
            let doors = control::doors(settings, &database, &addresses)?;
            let playground = control::playground(settings, &nodes, &orchestrator, &addresses, url.as_deref())?;
            let state = ApiState::new(
                database.clone(),
                nodes,
                pages,
                url,
                told,
                Gateways {
                    orchestrator: orchestrator.clone(),
                    playground,
                },
                doors,
            );
            let control = ControlPlane::start(
                listener,
                &metrics,
                telemetry.as_ref(),
                state,
                &settings.trusted_proxies,
                Arc::clone(&drain),
            );
            (Front::Api(control), gateway)
        } else {
            (
                Front::Health(Health::start(
                    listener,
                    Watched::Database(database.clone()),
                    Arc::clone(&drain),
                )),
                None,
            )
        };
        Ok(Process {
            gateway_url: gateway.as_ref().map(NativeGateway::url),
            worker: worker::start(settings, &database, &addresses, &orchestrator)?,
            metrics: metrics_listener
                .map(|listener| MetricsServer::start(listener, metrics, Arc::clone(&drain)))
                .transpose()?,
            orchestrator,
            database,
            postgres,
            addresses,
            drain,
            front,
            gateway,
            telemetry,
            counting,
        })
    }
}

impl Process {
    /// Where it listens: the API, or a worker's health checks.
    pub const fn addr(&self) -> SocketAddr {
        self.addresses.listens
    }

    /// Where the API is, up to and including `/api/v1`.
    pub fn api_url(&self) -> String {
        format!("http://{}{}", self.addr(), gatewright_api::openapi::BASE_PATH)
    }

    /// Where the control plane is reached from outside.
    pub fn public_url(&self) -> &str {
        &self.addresses.public_url
    }

    /// Where a tenant's people sign in, without a slash at the end; where there is no API here, where it would be.
    pub fn portal_url(&self, tenant: &Slug) -> String {
        match &self.front {
            Front::Api(control) => control.state().portals().url(tenant),
            Front::Health(_) => self.addresses.public_url.clone(),
        }
    }

    /// Where the native gateway of this process is, if it has one.
    pub fn gateway_url(&self) -> Option<&str> {
        self.gateway_url.as_deref()
    }

    /// Where `/metrics` is, if anywhere.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsServer::addr)
    }

    /// The database.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// What brings connected gateways to what is desired.
    pub const fn orchestrator(&self) -> &Orchestrator {
        &self.orchestrator
    }

    /// Changes how long the end waits for what is under way.
    pub fn set_drain(&self, seconds: u64) {
        self.drain.store(seconds, Ordering::Relaxed);
    }

    /// Does at once what is done each second: seals the audit log and writes the last uses of tokens.
    pub async fn settle(&self) -> anyhow::Result<()> {
        if let Front::Api(control) = &self.front {
            control.state().last_uses().write(&self.database).await?;
        }
        gatewright_database::audit::seal::seal(&self.database).await?;
        Ok(())
    }

    /// Finishes what is under way, for at most the time that the settings give, and ends everything.
    pub async fn stop(self) -> anyhow::Result<()> {
        let begun = tokio::time::Instant::now();
        let drain = Duration::from_secs(self.drain.load(Ordering::Relaxed));
        // The worker beside the control plane. The gateway after both: what they have promised about access must
        // still reach it.
        let working = async {
            if let Some(worker) = self.worker {
                worker.stop(drain).await;
            }
        };
        match self.front {
            Front::Api(control) => tokio::join!(control.stop(), working).0?,
            Front::Health(health) => {
                health.drain();
                working.await;
                health.stop().await?;
            }
        }
        if let Some(gateway) = self.gateway {
            gateway.stop(drain.saturating_sub(begun.elapsed())).await;
        }
        if let Some(counting) = self.counting {
            counting.abort();
        }
        if let Some(metrics) = self.metrics {
            metrics.stop().await;
        }
        if let Some(telemetry) = self.telemetry {
            telemetry.stop().await;
        }
        self.database.close().await;
        self.postgres.stop().await
    }
}
