//! The worker: every handler and every schedule of the program.

use gatewright_database::jobs::{Registry, Worker, WorkerOptions};
use gatewright_database::{Database, housekeeping};

use crate::settings::Settings;

/// What every worker can do: each domain that has jobs adds its line.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    housekeeping::register(&mut registry);
    gatewright_native::nodes::housekeeping::register(&mut registry);
    registry
}

/// Starts the worker of this process; none where the settings say so.
pub fn start(settings: &Settings, database: &Database) -> Option<Worker> {
    if !settings.role.does_jobs() || settings.worker_concurrency == 0 {
        return None;
    }
    let options = WorkerOptions {
        concurrency: settings.worker_concurrency,
        ..WorkerOptions::default()
    };
    Some(Worker::start(database.clone(), registry(), options))
}
