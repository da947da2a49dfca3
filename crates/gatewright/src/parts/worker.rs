//! The worker: every handler and every schedule of the program, and who hands out events.

use std::time::Duration;

use gatewright_database::jobs::{Registry, Worker, WorkerOptions};
use gatewright_database::{Database, housekeeping};
use gatewright_orchestration::Orchestrator;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::parts::control::{self, Addresses};
use crate::settings::Settings;
use crate::{glue, notices};

/// What every worker can do: each domain that has jobs adds its line.
pub fn registry(settings: &Settings, addresses: &Addresses, orchestrator: &Orchestrator) -> anyhow::Result<Registry> {
    let mut registry = Registry::new();
    housekeeping::register(&mut registry);
    notices::register(&mut registry, settings, addresses.listens)?;
    gatewright_native::nodes::housekeeping::register(&mut registry);
    gatewright_orchestration::runs::schedule::register(&mut registry, orchestrator);
    gatewright_orchestration::housekeeping::register(&mut registry);
    gatewright_portal::playground::runs::register(&mut registry);
    gatewright_portal::import::register(
        &mut registry,
        notices::client(addresses.listens),
        notices::policy(settings)?,
    );
    gatewright_api::letters::register(&mut registry, control::portals(settings, addresses)?);
    Ok(registry)
}

/// A worker, working.
pub struct Working {
    worker: Worker,
    handing_out: JoinHandle<()>,
    /// What brings connected gateways to what is desired, and how it is told to stop.
    orchestrating: JoinHandle<()>,
    stop: watch::Sender<bool>,
    /// In a process without an API, whose part that is otherwise.
    following_key: Option<JoinHandle<()>>,
}

/// Starts the worker of this process; none where the settings say so.
pub fn start(
    settings: &Settings,
    database: &Database,
    addresses: &Addresses,
    orchestrator: &Orchestrator,
) -> anyhow::Result<Option<Working>> {
    if !settings.role.does_jobs() || settings.worker_concurrency == 0 {
        return Ok(None);
    }
    let options = WorkerOptions {
        concurrency: settings.worker_concurrency,
        ..WorkerOptions::default()
    };
    let (stop, stopped) = watch::channel(false);
    let drain = Duration::from_secs(settings.drain_seconds);
    Ok(Some(Working {
        worker: Worker::start(database.clone(), registry(settings, addresses, orchestrator)?, options),
        handing_out: tokio::spawn(gatewright_notify::fan_out::keep_going(database.clone())),
        orchestrating: tokio::spawn(orchestrator.clone().run(stopped, drain)),
        stop,
        following_key: (!settings.role.serves_api()).then(|| tokio::spawn(glue::follow_master_key(database.clone()))),
    }))
}

impl Working {
    /// Begins nothing more, lets what runs finish for at most `drain`, and gives the rest back.
    pub async fn stop(self, drain: Duration) {
        self.handing_out.abort();
        self.stop.send_replace(true);
        let orchestrating = async {
            if let Err(error) = self.orchestrating.await {
                tracing::error!(%error, "what works on connected gateways has ended badly");
            }
        };
        if let Some(following) = self.following_key {
            following.abort();
        }
        tokio::join!(self.worker.stop(drain), orchestrating);
    }
}
