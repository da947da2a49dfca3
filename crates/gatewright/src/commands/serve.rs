//! `gatewright serve`: the parts of one role, until told to end.

use gatewright_types::{Clock, Rng};

use crate::node::Node;
use crate::process;
use crate::reload::Reload;
use crate::role::Role;
use crate::settings::Settings;
use crate::signals::Signals;

/// Serves until a signal ends it.
pub async fn run(settings: &Settings, reload: Reload) -> anyhow::Result<()> {
    if settings.role == Role::Gateway {
        return run_node(settings, reload).await;
    }
    let signals = Signals::listen()?;
    allow_open_files();
    let progress = |line: &str| tracing::info!("{line}");
    let prepared = process::prepare(settings, Clock::System, Rng::System, false, &progress).await?;
    let process = prepared.serve(settings).await?;
    match (settings.role, process.gateway_url()) {
        (Role::Worker, _) => tracing::info!(health = %process.addr(), "a worker is ready"),
        (_, Some(gateway)) => tracing::info!(api = process.api_url(), gateway, "ready"),
        (_, None) => tracing::info!(api = process.api_url(), "a control plane is ready"),
    }
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

/// Serves as a gateway node until a signal or the control plane ends it.
async fn run_node(settings: &Settings, mut reload: Reload) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    allow_open_files();
    let node = tokio::select! {
        node = Node::start(settings, Clock::System) => node?,
        () = signals.told() => return Ok(()),
    };
    tracing::info!(gateway = node.gateway_url(), health = %node.health_addr(), "ready");
    tokio::select! {
        () = signals.told_while_serving(&mut reload, |seconds| node.set_drain(seconds)) => {}
        () = node.told_to_end() => tracing::info!("the control plane wants this node to end"),
    }
    signals.end(node.stop()).await
}
