//! Traces that begin before us, here, or not at all.

use gatewright_gateway::{Span, Tracing};
use tokio::sync::mpsc;

use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PART: &str = "00f067aa0ba902b7";

async fn traced(ratio: f64) -> (World, Upstream, mpsc::Receiver<Span>) {
    let upstream = Upstream::start(|_| Reply::ok("ok")).await;
    let (spans, received) = mpsc::channel(1);
    let mut setup = Setup::new(&upstream.url());
    setup.tracing = Some(Tracing { ratio, spans });
    (setup.start(), upstream, received)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_sampled_request_goes_on_under_our_part_of_the_trace() {
    let (world, mut upstream, mut spans) = traced(0.0).await;
    let fields = format!(
        "X-Api-Key: {}\r\ntraceparent: 00-{TRACE}-{PART}-01\r\ntracestate: a=1\r\n",
        world.key
    );
    assert_eq!(world.get_with("/any/x", &fields).await.status, 200);
    let (seen, span) = (upstream.seen().await, spans.recv().await.unwrap());
    assert_eq!(
        (hex(&span.trace_id), span.parent_id.map(|id| hex(&id))),
        (TRACE.to_owned(), Some(PART.to_owned()))
    );
    let ours = format!("00-{TRACE}-{}-01", hex(&span.span_id));
    assert_eq!(
        (seen.field("traceparent"), seen.field("tracestate")),
        (Some(ours.as_str()), Some("a=1"))
    );
    assert_eq!(seen.names().iter().filter(|name| **name == "traceparent").count(), 1);
    assert_eq!((span.method.as_str(), span.status, span.problem), ("GET", 200, None));
    assert_eq!(
        (span.gateway.as_deref(), span.route.as_deref()),
        (Some("acme"), Some("/any/{*rest}"))
    );
}

#[tokio::test]
async fn a_request_that_its_caller_does_not_sample_passes_untouched() {
    let (world, mut upstream, mut spans) = traced(1.0).await;
    let text = format!("00-{TRACE}-{PART}-00");
    let fields = format!("X-Api-Key: {}\r\ntraceparent: {text}\r\n", world.key);
    assert_eq!(world.get_with("/any/x", &fields).await.status, 200);
    assert_eq!(upstream.seen().await.field("traceparent"), Some(text.as_str()));
    assert!(spans.try_recv().is_err());
}

#[tokio::test]
async fn what_is_no_trace_begins_a_new_one() {
    let (world, mut upstream, mut spans) = traced(1.0).await;
    let fields = format!(
        "X-Api-Key: {}\r\ntraceparent: 00-nonsense\r\ntracestate: a=1\r\n",
        world.key
    );
    assert_eq!(world.get_with("/any/x", &fields).await.status, 200);
    let (seen, span) = (upstream.seen().await, spans.recv().await.unwrap());
    assert_eq!(span.parent_id, None);
    let ours = format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id));
    assert_eq!(
        (seen.field("traceparent"), seen.field("tracestate")),
        (Some(ours.as_str()), None)
    );
}

#[tokio::test]
async fn a_refused_request_has_its_span_and_one_too_many_is_dropped_and_counted() {
    let (world, _upstream, mut spans) = traced(1.0).await;
    for _ in 0..3 {
        assert_eq!(world.get_with("/any/x", "").await.status, 401);
    }
    let span = spans.recv().await.unwrap();
    assert_eq!((span.status, span.problem.unwrap().as_str()), (401, "no-credential"));
    assert_eq!(world.gateway.figures().spans_dropped, 2);
}
