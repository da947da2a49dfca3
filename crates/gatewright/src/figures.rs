//! What a Prometheus server is told about work and nodes: measured now and then, or when it asks.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use gatewright_database::Database;
use gatewright_database::jobs::figures::{Figures, figures};
use gatewright_native::Nodes;
use gatewright_orchestration::Orchestrator;
use gatewright_orchestration::figures::{DURATION_BOUNDS, Standings, standings};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
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

/// What this process has tried on connected gateways, and how they stood when that was last counted.
#[derive(Clone)]
pub struct Provisioning {
    orchestrator: Orchestrator,
    standings: Arc<Mutex<Option<Standings>>>,
}

impl fmt::Debug for Provisioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provisioning")
    }
}

impl Provisioning {
    /// Of this process' orchestrator.
    pub fn new(orchestrator: Orchestrator) -> Self {
        let standings = Arc::default();
        Self {
            orchestrator,
            standings,
        }
    }

    /// Counts, again and again, until it is dropped.
    pub async fn measure(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            self.count().await;
        }
    }

    /// Counts once.
    pub async fn count(&self) {
        let counted = standings(self.orchestrator.database()).await;
        let counted = counted
            .inspect_err(|error| tracing::warn!(%error, "connected gateways could not be counted"))
            .ok();
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = counted;
    }
}

impl Collector for Provisioning {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let tallies = self.orchestrator.tallies().all();
        let outcome = |succeeded| if succeeded { "succeeded" } else { "failed" };
        let help = "Steps that were tried on connected gateways, by vendor, operation and outcome";
        let mut family = encoder.encode_descriptor("provisioning_attempts", help, None, MetricType::Counter)?;
        for ((vendor, operation, succeeded), tally) in &tallies {
            let labels = [
                ("vendor", *vendor),
                ("operation", *operation),
                ("outcome", outcome(*succeeded)),
            ];
            ConstCounter::new(tally.count).encode(family.encode_family(&labels)?)?;
        }
        let help = "How long a step on a connected gateway took";
        let name = "provisioning_attempt_duration_seconds";
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
        for ((vendor, operation, succeeded), tally) in &tallies {
            let labels = [
                ("vendor", *vendor),
                ("operation", *operation),
                ("outcome", outcome(*succeeded)),
            ];
            let bounds = DURATION_BOUNDS.iter().copied().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(tally.classes).collect();
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                tally.took.as_secs_f64(),
                tally.count,
                &buckets,
                None,
            )?;
        }
        let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner).clone();
        standings.map_or(Ok(()), |standings| encode_standings(&mut encoder, &standings))
    }
}

fn encode_standings(encoder: &mut DescriptorEncoder<'_>, standings: &Standings) -> Result<(), fmt::Error> {
    let help = "Connected gateways by vendor and state of their circuit breaker";
    let mut family = encoder.encode_descriptor("provisioning_breakers", help, None, MetricType::Gauge)?;
    for (vendor, state, count) in &standings.breakers {
        let labels = [("vendor", vendor.as_str()), ("state", state.as_str())];
        ConstGauge::new(*count).encode(family.encode_family(&labels)?)?;
    }
    let help = "Subscriptions on connected gateways that are to be brought there now, by urgency";
    let mut family = encoder.encode_descriptor("provisioning_due", help, None, MetricType::Gauge)?;
    for (urgency, due, _) in &standings.due {
        ConstGauge::new(*due).encode(family.encode_family(&[("urgency", *urgency)])?)?;
    }
    let help = "Those that are due for more than a minute, by urgency";
    let mut family = encoder.encode_descriptor("provisioning_overdue", help, None, MetricType::Gauge)?;
    for (urgency, _, overdue) in &standings.due {
        ConstGauge::new(*overdue).encode(family.encode_family(&[("urgency", *urgency)])?)?;
    }
    let help = "For how long the oldest end of somebody's access waits to be confirmed by a connected gateway";
    let name = "provisioning_security_waiting_seconds";
    let waiting = ConstGauge::new(standings.security_waiting.as_secs_f64());
    waiting.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
    let help = "Subscriptions on connected gateways that wait for a person";
    let dead = ConstGauge::new(standings.dead);
    dead.encode(encoder.encode_descriptor("provisioning_dead_letters", help, None, MetricType::Gauge)?)
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
