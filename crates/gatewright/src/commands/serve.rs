//! `gatewright serve`: the parts of one role, until told to end.

use gatewright_types::{Clock, Rng};

use crate::process;
use crate::role::Role;
use crate::settings::Settings;
use crate::signals::Signals;

/// Serves until a signal ends it.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let progress = |line: &str| tracing::info!("{line}");
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &progress).await?;
    let process = prepared.serve(settings).await?;
    match (settings.role, process.gateway_url()) {
        (Role::Worker, _) => tracing::info!(health = %process.addr(), "a worker is ready"),
        (_, Some(gateway)) => tracing::info!(api = process.api_url(), gateway, "ready"),
        (_, None) => tracing::info!(api = process.api_url(), "a control plane is ready"),
    }
    signals.run_until_told(process).await
}
