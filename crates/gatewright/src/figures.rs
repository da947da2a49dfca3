//! What a Prometheus server is told about work and nodes: measured now and then, or when it asks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gatewright_database::Database;
use gatewright_database::jobs::figures::{Figures, figures};
use gatewright_native::Nodes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// How often jobs are counted.
const INTERVAL: Duration = Duration::from_secs(10);

/// How many jobs there were when they were last counted; nothing before that, or when they could not be.
#[derive(Clone, Debug, Default)]
pub struct Jobs(Arc<Mutex<Vec<Figures>>>);

impl Jobs {
    /// Counts, again and again, until it is dropped.
    pub async fn measure(self, database: Database) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            let counted = figures(&database).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "jobs could not be counted");
                Vec::new()
            });
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counted;
        }
    }
}

impl Collector for Jobs {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let help = "Jobs that have not ended, and dead ones, by kind and state";
        let mut family = encoder.encode_descriptor("jobs", help, None, MetricType::Gauge)?;
        for one in &counted {
            for (state, count) in [("queued", one.queued), ("running", one.running), ("dead", one.dead)] {
                let labels = [("kind", one.kind.as_str()), ("state", state)];
                ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "For how long the oldest job that is due waits for a worker, by kind";
        let mut family = encoder.encode_descriptor("job_waiting_seconds", help, None, MetricType::Gauge)?;
        for one in &counted {
            let labels = [("kind", one.kind.as_str())];
            ConstGauge::new(one.waiting.as_secs_f64()).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// How the nodes are that a control plane has heard of; one that is nobody's label, because nodes come and go.
pub(crate) struct NodesCollector(pub(crate) Weak<Nodes>);

impl fmt::Debug for NodesCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodesCollector")
    }
}

impl Collector for NodesCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(nodes) = self.0.upgrade() else {
            return Ok(());
        };
        let standings = nodes.standings();
        let help = "Gateway nodes heard of in the last minute, by how they stand";
        let mut family = encoder.encode_descriptor("nodes", help, None, MetricType::Gauge)?;
        for (standing, count) in [
            ("current", standings.current),
            ("behind", standings.behind),
            ("silent", standings.silent),
        ] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(family.encode_family(&[("standing", standing)])?)?;
        }
        let help = "News that the slowest node has still to take in";
        let behind = ConstGauge::new(i64::try_from(standings.news_behind).unwrap_or(i64::MAX));
        behind.encode(encoder.encode_descriptor("node_news_behind_max", help, None, MetricType::Gauge)?)
    }
}
