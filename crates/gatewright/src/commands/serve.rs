//! `gatewright serve`: the control plane and the native gateway, until told to end.

use gatewright_types::{Clock, Rng};

use crate::process;
use crate::reload::Reload;
use crate::settings::Settings;
use crate::signals::Signals;

/// Serves until a signal ends it.
pub async fn run(settings: &Settings, reload: Reload) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    let progress = |line: &str| tracing::info!("{line}");
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &progress).await?;
    let process = prepared.serve(settings).await?;
    tracing::info!(api = process.api_url(), gateway = process.gateway_url(), "ready");
    signals.run_until_told(process, reload).await
}
