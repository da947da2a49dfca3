//! The native gateway, in the control plane's own process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gatewright_database::Database;
use gatewright_gateway::{Gateway, Limits, Options, Tracing};
use gatewright_native::Nodes;
use gatewright_types::ids::NodeId;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::glue;
use crate::metrics::Metrics;
use crate::settings::Settings;

/// A native gateway that runs, and the two queues that join it to the control plane.
pub struct NativeGateway {
    gateway: Arc<Gateway>,
    news: JoinHandle<()>,
    answering: JoinHandle<()>,
}

impl NativeGateway {
    /// Joins as a node and starts the cores.
    pub async fn start(
        settings: &Settings,
        database: &Database,
        nodes: &Nodes,
        tracing: Option<Tracing>,
    ) -> anyhow::Result<Self> {
        let (snapshot, pushes) = nodes.join(NodeId::mint(database.clock(), database.rng())).await;
        let (lookups, questions) = mpsc::channel(glue::LOOKUPS_WAITING_MAX);
        let options = Options {
            addr: settings.gateway_addr,
            cores: settings.cores(),
            clock: database.clock().clone(),
            limits: Limits::default(),
            tracing,
        };
        let gateway = Arc::new(Gateway::start(options, snapshot, lookups).context("gateway_addr")?);
        Ok(Self {
            news: tokio::spawn(glue::deliver_news(Arc::clone(&gateway), pushes)),
            answering: tokio::spawn(glue::answer_lookups(database.clone(), questions)),
            gateway,
        })
    }

    /// Lets `metrics` tell what it counts.
    pub fn tell(&self, metrics: &Metrics) {
        metrics.add_gateway(&self.gateway);
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://{}", self.gateway.local_addr())
    }

    /// Finishes what is under way, for at most `drain`.
    pub async fn stop(self, drain: Duration) {
        self.news.abort();
        let _ = self.news.await;
        if let Some(gateway) = Arc::into_inner(self.gateway) {
            gateway.drain(drain).await;
        }
        // Only now: requests under way still ask about credentials.
        self.answering.abort();
    }
}
