//! What a process tells a Prometheus server, on an address of its own.
//!
//! Every label has few values: gateways are counted each up to a limit of the data plane, routes are
//! templates and problems are codes. Nothing that a caller invents becomes a label.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gatewright_api::Answered;
use gatewright_database::Database;
use gatewright_gateway::{DURATION_BOUNDS_US, Gateway, GatewayFigures};
use gatewright_native::Nodes;
use http::header;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use crate::figures::{Jobs, NodesCollector, Provisioning};
use crate::shared_cache::SharedCache;

/// What OpenMetrics 1.0 is called.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What a process counts and measures.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<std::sync::Mutex<Registry>>,
    requests: Family<Operation, Counter>,
    durations: Family<Operation, Histogram, fn() -> Histogram>,
}

/// One operation of the control plane, and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    method: &'static str,
    route: String,
    status: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("gatewright");
        let (requests, durations) = (
            Family::default(),
            Family::new_with_constructor(new_histogram as fn() -> Histogram),
        );
        registry.register(
            "build",
            "What runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("api_requests", "Requests to the control plane", requests.clone());
        registry.register(
            "api_request_duration_seconds",
            "Time from a request to the control plane to its answer",
            durations.clone(),
        );
        registry.register_collector(Box::new(ProcessCollector));
        Self {
            registry: Arc::new(std::sync::Mutex::new(registry)),
            requests,
            durations,
        }
    }
}

fn new_histogram() -> Histogram {
    Histogram::new(DURATION_BOUNDS_US.iter().map(|bound| seconds(*bound)))
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

impl Metrics {
    /// Also tells what a gateway counts, as long as it runs.
    pub fn add_gateway(&self, gateway: &Arc<Gateway>) {
        self.register(GatewayCollector(Arc::downgrade(gateway)));
    }

    /// Also tells about the connections to the database.
    pub fn add_database(&self, database: &Database) {
        self.register(DatabaseCollector(database.clone()));
    }

    /// Also tells how the nodes are.
    pub fn add_nodes(&self, nodes: &Arc<Nodes>) {
        self.register(NodesCollector(Arc::downgrade(nodes)));
    }

    /// Also tells how many jobs there are.
    pub fn add_jobs(&self, jobs: &Jobs) {
        self.register(jobs.clone());
    }

    /// Also tells of connected gateways.
    pub fn add_provisioning(&self, provisioning: &Provisioning) {
        self.register(provisioning.clone());
    }

    /// Also tells about the cache that nodes share.
    pub fn add_shared_cache(&self, shared: &Arc<SharedCache>) {
        self.register(SharedCacheCollector(Arc::downgrade(shared)));
    }

    fn register(&self, collector: impl Collector) {
        let mut registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        registry.register_collector(Box::new(collector));
    }

    /// Counts what a router answers.
    pub fn count(&self, router: Router) -> Router {
        let metrics = self.clone();
        router.layer(axum::middleware::map_response(move |mut response: Response| {
            if let Some(answered) = response.extensions_mut().remove::<Answered>() {
                metrics.answered(answered, response.status().as_u16());
            }
            std::future::ready(response)
        }))
    }

    fn answered(&self, answered: Answered, status: u16) {
        let operation = Operation {
            method: answered.method,
            route: answered.route,
            status: format!("{}xx", status / 100),
        };
        self.requests.get_or_create(&operation).inc();
        self.durations
            .get_or_create(&operation)
            .observe(answered.took.as_secs_f64());
    }

    /// Everything, as OpenMetrics text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Takes the address for `/metrics`.
    pub async fn listen(addr: SocketAddr) -> anyhow::Result<TcpListener> {
        TcpListener::bind(addr)
            .await
            .with_context(|| format!("metrics_addr: cannot listen on {addr}"))
    }

    /// What answers there.
    pub fn router(self) -> Router {
        Router::new().route("/metrics", get(answer)).with_state(self)
    }
}

async fn answer(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

struct DatabaseCollector(Database);

impl fmt::Debug for DatabaseCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseCollector")
    }
}

impl Collector for DatabaseCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let connections = self.0.connections();
        gauge(
            &mut encoder,
            "database_connections",
            "Connections to the database",
            i64::from(connections.open),
        )?;
        gauge(
            &mut encoder,
            "database_connections_idle",
            "Connections to the database that nobody uses",
            i64::from(connections.idle),
        )
    }
}

struct SharedCacheCollector(Weak<SharedCache>);

impl fmt::Debug for SharedCacheCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedCacheCollector")
    }
}

impl Collector for SharedCacheCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(shared) = self.0.upgrade() else {
            return Ok(());
        };
        let connected = i64::from(shared.is_connected());
        gauge(
            &mut encoder,
            "shared_cache_connected",
            "Whether Redis is connected",
            connected,
        )?;
        let counts = shared.counts();
        let help = "Credentials that were looked for in Redis, by what came of it";
        let mut family = encoder.encode_descriptor("shared_cache_lookups", help, None, MetricType::Counter)?;
        for (result, count) in [
            ("hit", &counts.hits),
            ("miss", &counts.misses),
            ("refused", &counts.refused),
        ] {
            let count = ConstCounter::new(count.load(Ordering::Relaxed));
            count.encode(family.encode_family(&[("result", result)])?)?;
        }
        for (name, help, count) in [
            ("shared_cache_errors", "Requests to Redis that failed", &counts.errors),
            (
                "shared_cache_calls",
                "Changes of access that other nodes called out",
                &counts.calls,
            ),
        ] {
            counter(&mut encoder, name, help, count.load(Ordering::Relaxed))?;
        }
        Ok(())
    }
}

/// What the system says about this process, by the names that Prometheus' own libraries use.
#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        let cpu = ConstCounter::new(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9);
        let name = "process_cpu_seconds";
        cpu.encode(encoder.encode_descriptor(name, "CPU time, user and system", None, cpu.metric_type())?)?;
        if let Ok(files) = std::fs::read_dir("/proc/self/fd") {
            let count = i64::try_from(files.count()).unwrap_or(i64::MAX);
            gauge(&mut encoder, "process_open_fds", "Open file descriptors", count)?;
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        if let Some(kib) = resident.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<i64>().ok()) {
            gauge(
                &mut encoder,
                "process_resident_memory_bytes",
                "Resident memory",
                kib * 1024,
            )?;
        }
        Ok(())
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> Result<(), fmt::Error> {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), fmt::Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)
}

struct GatewayCollector(Weak<Gateway>);

impl fmt::Debug for GatewayCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GatewayCollector")
    }
}

impl Collector for GatewayCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Some(gateway) = self.0.upgrade() else {
            return Ok(());
        };
        let figures = gateway.figures();
        let open = i64::try_from(figures.connections).unwrap_or(i64::MAX);
        gauge(&mut encoder, "gateway_connections", "Open connections of clients", open)?;
        let help = "Connections of clients that were accepted";
        counter(&mut encoder, "gateway_connections_accepted", help, figures.accepted)?;
        let help = "Connections to services that were made";
        counter(&mut encoder, "gateway_upstream_connects", help, figures.connected)?;
        let help = "Spans of traces that nobody took in time";
        counter(&mut encoder, "gateway_spans_dropped", help, figures.spans_dropped)?;
        requests(&mut encoder, &figures.gateways)?;
        refusals(&mut encoder, &figures.gateways)?;
        durations(&mut encoder, &figures.gateways)
    }
}

fn requests(encoder: &mut DescriptorEncoder<'_>, gateways: &[(String, GatewayFigures)]) -> Result<(), fmt::Error> {
    let help = "Requests that were answered, by gateway and class of status";
    let mut family = encoder.encode_descriptor("gateway_requests", help, None, MetricType::Counter)?;
    for (name, figures) in gateways {
        for (class, count) in figures.by_class.iter().enumerate() {
            let labels = [("gateway", name.clone()), ("status", format!("{}xx", class + 1))];
            ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn refusals(encoder: &mut DescriptorEncoder<'_>, gateways: &[(String, GatewayFigures)]) -> Result<(), fmt::Error> {
    let help = "Answers of the gateway's own, by gateway and problem";
    let mut family = encoder.encode_descriptor("gateway_refusals", help, None, MetricType::Counter)?;
    for (name, figures) in gateways {
        // A problem that has not come up yet would be a line of its own for each gateway.
        for (code, count) in figures.refused.iter().filter(|(_, count)| *count > 0) {
            let labels = [("gateway", name.as_str()), ("code", code.as_str())];
            ConstCounter::new(*count).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}

fn durations(encoder: &mut DescriptorEncoder<'_>, gateways: &[(String, GatewayFigures)]) -> Result<(), fmt::Error> {
    let help = "Time from the end of a request's head to the head of its answer";
    let name = "gateway_request_duration_seconds";
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
    for (name, figures) in gateways {
        let bounds = DURATION_BOUNDS_US
            .iter()
            .map(|bound| seconds(*bound))
            .chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(figures.durations).collect();
        let count = figures.durations.iter().sum();
        family
            .encode_family(&[("gateway", name.as_str())])?
            .encode_histogram::<NoLabelSet>(figures.duration.as_secs_f64(), count, &buckets, None)?;
    }
    Ok(())
}
