//! Traces of both planes, as a collector gets them. The messages are read with OpenTelemetry's own types.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use gatewright_testkit::{TestApp, Wire, database};
use gatewright_types::Clock;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::sync::mpsc;

use crate::scene::{PATH, Scene};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PART: &str = "00f067aa0ba902b7";

/// A collector on a free port, and what it gets.
pub(crate) async fn collector() -> (String, mpsc::UnboundedReceiver<ExportTraceServiceRequest>) {
    let (tell, told) = mpsc::unbounded_channel();
    let take = async |State(tell): State<mpsc::UnboundedSender<ExportTraceServiceRequest>>, body: Bytes| {
        tell.send(ExportTraceServiceRequest::decode(body).unwrap()).unwrap();
        ExportTraceServiceResponse::default().encode_to_vec()
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(tell);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, told)
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?} in {span:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_the_part_that_each_plane_had_in_a_callers_trace_and_no_secret() {
    let (endpoint, mut told) = collector().await;
    let mut settings = gatewright_testkit::settings(&database::create().await);
    settings.otlp_endpoint = Some(endpoint);
    settings.trace_percent = 0;
    let scene = Scene::set_in(TestApp::start_as(settings, Clock::System).await).await;
    let subscribed = scene.subscribe().await;
    let traceparent = format!("00-{TRACE}-{PART}-01");

    let mut wire = Wire::connect(scene.app.gateway_addr()).await;
    let fields = [
        ("x-api-key", subscribed.key.as_str()),
        ("traceparent", traceparent.as_str()),
    ];
    assert_eq!(wire.get("acme", PATH, &fields).await.status, 200);
    let request = scene
        .acme
        .request(reqwest::Method::GET, &format!("/keys/{}", subscribed.key_id));
    assert_eq!(
        request
            .header("traceparent", &traceparent)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    // Nobody traces this one.
    assert_eq!(wire.get("acme", PATH, &fields[..1]).await.status, 200);
    let key = subscribed.key.clone();
    scene.app.stop().await;

    let mut spans = Vec::new();
    while let Ok(export) = told.try_recv() {
        let text = format!("{export:?}");
        assert!(!text.contains(&key) && !text.contains(&subscribed.key_id), "{text}");
        for resource in export.resource_spans {
            let attributes = &resource.resource.as_ref().unwrap().attributes;
            assert!(
                attributes
                    .iter()
                    .any(|attribute| attribute.key == "service.instance.id")
            );
            spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }
    spans.sort_by(|one, other| one.name.cmp(&other.name));
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /api/v1/keys/{id}", &format!("GET {PATH}")]);
    for span in &spans {
        assert_eq!(
            (hex(&span.trace_id), hex(&span.parent_span_id)),
            (TRACE.to_owned(), PART.to_owned())
        );
        assert_eq!(attribute(span, "http.response.status_code"), "200");
        assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    }
    assert_eq!(attribute(&spans[1], "gatewright.gateway.slug"), "acme");
}

#[test]
fn an_endpoint_that_cannot_be_one_is_refused() {
    for (endpoint, why) in [
        ("127.0.0.1:4318", "expected http://"),
        ("ftp://collector", "expected http://"),
        ("http://user:password@collector:4318", "no user name or password"),
        ("http://collector:4318/?token=1", "expected http://"),
    ] {
        let error = gatewright::telemetry::collector(endpoint).unwrap_err().to_string();
        assert!(
            error.contains(why) && !error.contains("password@"),
            "{endpoint}: {error}"
        );
    }
}
