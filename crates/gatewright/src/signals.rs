//! Being told to end, or to read the settings again.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::process::Process;
use crate::reload::Reload;
use crate::service_manager::{self, State};

/// SIGTERM, SIGINT and SIGHUP, caught from the moment this is made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches them from now on.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT")?,
            hang_up: signal(SignalKind::hangup()).context("SIGHUP")?,
        })
    }

    /// Returns when one has come that ends the program.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Runs until told to end, reading the settings again at every SIGHUP; then ends politely, and told
    /// again meanwhile, at once.
    pub async fn run_until_told(mut self, process: Process, mut reload: Reload) -> anyhow::Result<()> {
        service_manager::tell(State::Ready);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hang_up.recv() => reload.run(&process),
            }
        }
        service_manager::tell(State::Stopping);
        tracing::info!("ending; told once more, at once");
        tokio::select! {
            stopped = process.stop() => stopped,
            () = self.told() => anyhow::bail!("ended without waiting for requests under way"),
        }
    }
}
