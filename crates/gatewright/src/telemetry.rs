//! Traces of both planes, sent to an OpenTelemetry collector (OTLP over HTTP, protobuf).
//!
//! The control plane makes its spans here, around each operation. The gateway's cores hand theirs over
//! as plain values ([`gatewright_gateway::Span`]) and know nothing of OpenTelemetry. What cannot be
//! sent in time is dropped: nothing waits for a collector.
//!
//! A `traceparent` goes on to the services of the tenant, which are behind us, and to nobody else: a
//! webhook's receiver has no part in our traces.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;
use gatewright_egress::{Body, Client, Opened, Options, Policy};
use gatewright_types::ids::NodeId;
use http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor,
};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Where a collector takes traces, below its endpoint.
const PATH: &str = "/v1/traces";
/// Spans that wait to be sent; further ones are dropped.
const SPANS_WAITING_MAX: usize = 8_192;
/// Spans that are sent together.
const SPANS_AT_ONCE: usize = 512;
/// Longest wait of a span until it is sent.
const EXPORT_INTERVAL: Duration = Duration::from_secs(2);
/// Longest wait for a collector's answer.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for what is left when the process ends.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest answer of a collector that is read, in bytes.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Who makes the spans.
const SCOPE: &str = "gatewright";

/// Traces that are being collected.
#[derive(Clone)]
pub struct Telemetry {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    processor: Shared,
    spans: mpsc::Sender<gatewright_gateway::Span>,
    ratio: f64,
}

/// One processor for the spans of both planes.
#[derive(Clone, Debug)]
struct Shared(Arc<BatchSpanProcessor>);

impl SpanProcessor for Shared {
    fn on_start(&self, span: &mut Span, cx: &Context) {
        self.0.on_start(span, cx);
    }

    fn on_end(&self, span: SpanData) {
        self.0.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Called once, before anybody else holds it.
        if let Some(processor) = Arc::get_mut(&mut self.0) {
            processor.set_resource(resource);
        }
    }
}

impl Telemetry {
    /// Sends traces to the collector at `endpoint`; of those that begin here, `percent` are sampled. To be
    /// called on the runtime that shall do the sending.
    pub fn start(endpoint: &str, percent: u32, instance: NodeId) -> anyhow::Result<Self> {
        let url = collector(endpoint)?;
        let ratio = f64::from(percent) / 100.0;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(url.as_str())
            .with_timeout(EXPORT_TIMEOUT)
            .with_http_client(Poster::new(&url)?)
            .build()
            .context("otlp_endpoint")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(SPANS_WAITING_MAX)
            .with_max_export_batch_size(SPANS_AT_ONCE)
            .with_scheduled_delay(EXPORT_INTERVAL)
            .build();
        let processor = BatchSpanProcessor::builder(exporter).with_batch_config(batches).build();
        let mut processor = Shared(Arc::new(processor));
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", SCOPE),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", instance.to_string()),
            ])
            .build();
        processor.set_resource(&resource);
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio))))
            .with_span_processor(processor.clone())
            .build();
        let (spans, received) = mpsc::channel(SPANS_WAITING_MAX);
        let telemetry = Self {
            tracer: provider.tracer(SCOPE),
            provider,
            processor,
            spans,
            ratio,
        };
        tokio::spawn(take_in(telemetry.processor.clone(), received));
        tracing::info!(otlp.endpoint = %url, trace.ratio = ratio, "traces are collected");
        Ok(telemetry)
    }

    /// What a gateway needs to take part.
    pub fn tracing(&self) -> gatewright_gateway::Tracing {
        gatewright_gateway::Tracing {
            ratio: self.ratio,
            spans: self.spans.clone(),
        }
    }

    /// Traces what a router answers.
    pub fn trace(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), trace))
    }

    /// Sends what is left.
    pub async fn stop(self) {
        let flushed = tokio::task::spawn_blocking(move || self.provider.shutdown_with_timeout(FLUSH_TIMEOUT)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }
}

/// The address that spans are posted to. Credentials in it would end up in a log.
pub fn collector(endpoint: &str) -> anyhow::Result<url::Url> {
    let url = format!("{}{PATH}", endpoint.trim_end_matches('/'));
    let url = url::Url::parse(&url).context("otlp_endpoint: expected http://host:port or https://host:port")?;
    if !matches!(url.scheme(), "http" | "https") || url.query().is_some() {
        bail!("otlp_endpoint: expected http://host:port or https://host:port");
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("otlp_endpoint: no user name or password belongs here");
    }
    Ok(url)
}

/// Sends batches through the control plane's outgoing client.
#[derive(Clone)]
struct Poster {
    client: Client,
    policy: Arc<Policy>,
    runtime: Handle,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Poster")
    }
}

impl Poster {
    fn new(url: &url::Url) -> anyhow::Result<Self> {
        // Whoever runs the installation chose the address: it may be any.
        let host = url.host_str().unwrap_or_default();
        let opened: Opened = host.parse().context("otlp_endpoint: the host is none")?;
        let policy = Policy {
            opened: vec![opened],
            ..Policy::default()
        };
        Ok(Self {
            client: Client::new(Options::default()),
            policy: Arc::new(policy),
            runtime: Handle::current(),
        })
    }
}

#[async_trait::async_trait]
impl HttpClient for Poster {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let mut post = gatewright_egress::Request::post(parts.uri.to_string());
        for (name, value) in &parts.headers {
            post = post.field(name.clone(), value.clone());
        }
        let post = post
            .body(Body::Whole(body))
            .max_redirects(0)
            .max_body_bytes(ANSWER_MAX_BYTES, gatewright_egress::Overflow::Cut)
            .total_timeout(EXPORT_TIMEOUT);
        let this = self.clone();
        // The exporter lives on a thread of its own, without a runtime.
        let sending = self
            .runtime
            .spawn(async move { this.client.send(post, &this.policy).await });
        let answer = sending.await??;
        let mut response = http::Response::new(answer.body);
        *response.status_mut() = answer.status;
        Ok(response)
    }
}

struct Fields<'a>(&'a HeaderMap);

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

/// A span around one operation of the control plane.
async fn trace(State(telemetry): State<Telemetry>, request: Request, next: Next) -> Response {
    let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Fields(request.headers()));
    let method = request.method().to_string();
    // The template: ids and whatever callers invent stay out.
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let name = route.map_or_else(|| method.clone(), |route| format!("{method} {route}"));
    let mut attributes = vec![KeyValue::new("http.request.method", method)];
    attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
    let mut span = telemetry
        .tracer
        .span_builder(name)
        .with_kind(SpanKind::Server)
        .with_attributes(attributes)
        .start_with_context(&telemetry.tracer, &parent);
    let response = next.run(request).await;
    let status = response.status();
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if let Some(id) = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()) {
        span.set_attribute(KeyValue::new("gatewright.request.id", id.to_owned()));
    }
    if status.is_server_error() {
        span.set_status(Status::error(""));
    }
    span.end();
    response
}

async fn take_in(processor: Shared, mut spans: mpsc::Receiver<gatewright_gateway::Span>) {
    while let Some(span) = spans.recv().await {
        processor.on_end(translated(span));
    }
}

/// A gateway's span in OpenTelemetry's words (semantic conventions for HTTP servers).
fn translated(span: gatewright_gateway::Span) -> SpanData {
    let started_ms = u64::try_from(span.started_at_ms).unwrap_or_default();
    let start_time: SystemTime = UNIX_EPOCH + Duration::from_millis(started_ms);
    let name = match &span.route {
        Some(route) => format!("{} {route}", span.method),
        None => span.method.to_string(),
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", span.method.to_string()),
        KeyValue::new("http.response.status_code", i64::from(span.status)),
    ];
    attributes.extend(span.route.map(|route| KeyValue::new("http.route", route)));
    attributes.extend(span.gateway.map(|slug| KeyValue::new("gatewright.gateway.slug", slug)));
    attributes.extend(span.problem.map(|code| KeyValue::new("error.type", code.as_str())));
    let is_error = span.status >= 500;
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(span.trace_id),
            SpanId::from_bytes(span.span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        ),
        parent_span_id: span.parent_id.map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: span.parent_id.is_some(),
        span_kind: SpanKind::Server,
        name: Cow::Owned(name),
        start_time,
        end_time: start_time + span.took,
        attributes,
        dropped_attributes_count: 0,
        events: Default::default(),
        links: Default::default(),
        status: if is_error { Status::error("") } else { Status::Unset },
        instrumentation_scope: InstrumentationScope::builder(SCOPE).build(),
    }
}
