//! `gatewright serve`: the control plane and the native gateway, until told to end.

use gatewright_types::{Clock, Rng};

use crate::process;
use crate::reload::Reload;
use crate::settings::Settings;
use crate::signals::Signals;

/// Serves until a signal ends it.
pub async fn run(settings: &Settings, reload: Reload) -> anyhow::Result<()> {
    let signals = Signals::listen()?;
    allow_open_files();
    let progress = |line: &str| tracing::info!("{line}");
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &progress).await?;
    let process = prepared.serve(settings).await?;
    tracing::info!(api = process.api_url(), gateway = process.gateway_url(), "ready");
    signals.run_until_told(process, reload).await
}

/// Raises the soft limit of open files to the hard one: a connection is a file, and the soft limit is
/// low only for programs that use select(2).
fn allow_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
