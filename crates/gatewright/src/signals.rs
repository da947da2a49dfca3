//! Being told to end.

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::process::Process;

/// SIGTERM and SIGINT, caught from the moment this is made.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches them from now on.
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("SIGINT")?,
        })
    }

    /// Returns when one has come.
    pub async fn told(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Runs until told to end, then ends politely; told again meanwhile, at once.
    pub async fn run_until_told(mut self, process: Process) -> anyhow::Result<()> {
        self.told().await;
        tracing::info!("ending; told once more, at once");
        tokio::select! {
            stopped = process.stop() => stopped,
            () = self.told() => anyhow::bail!("ended without waiting for requests under way"),
        }
    }
}
