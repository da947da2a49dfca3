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

    /// Returns when one has come that ends the program; reads the settings again at every SIGHUP before.
    pub async fn told_while_serving(&mut self, reload: &mut Reload, set_drain: impl Fn(u64)) {
        service_manager::tell(State::Ready);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => break,
                _ = self.interrupt.recv() => break,
                _ = self.hang_up.recv() => reload.run(&set_drain),
            }
        }
    }

    /// Ends politely, as `stop` does; told again meanwhile, at once.
    pub async fn end(mut self, stop: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        service_manager::tell(State::Stopping);
        tracing::info!("ending; told once more, at once");
        tokio::select! {
            stopped = stop => stopped,
            () = self.told() => anyhow::bail!("ended without waiting for requests under way"),
        }
    }

    /// Runs a process until told to end, and ends it.
    pub async fn run_until_told(mut self, process: Process, mut reload: Reload) -> anyhow::Result<()> {
        self.told_while_serving(&mut reload, |seconds| process.set_drain(seconds))
            .await;
        self.end(Box::pin(process.stop())).await
    }
}
