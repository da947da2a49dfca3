//! What a Prometheus server is told.

use std::collections::HashMap;

use gatewright::figures::Jobs;
use gatewright::metrics::Metrics;
use gatewright_types::Clock;

use crate::scene::{PATH, Scene};
use gatewright_testkit::{TestApp, Wire, database};
use reqwest::Method;

/// The samples of an OpenMetrics text, by name and labels.
fn samples(text: &str) -> HashMap<String, f64> {
    assert!(text.ends_with("# EOF\n"), "the end is said: {text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

async fn scrape(scene: &Scene) -> (String, HashMap<String, f64>) {
    let url = format!("http://{}/metrics", scene.app.process.metrics_addr().unwrap());
    let answer = scene.app.client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(
        kind.starts_with("application/openmetrics-text; version=1.0.0"),
        "{kind}"
    );
    let text = answer.text().await.unwrap();
    let samples = samples(&text);
    (text, samples)
}

#[tokio::test]
async fn a_scrape_says_what_both_planes_did_and_names_nothing_that_a_caller_invents() {
    let mut settings = gatewright_testkit::settings(&database::create().await);
    settings.metrics_addr = Some("127.0.0.1:0".parse().unwrap());
    let scene = Scene::set_in(TestApp::start_as(settings, Clock::System).await).await;
    let subscribed = scene.subscribe().await;

    let mut wire = Wire::connect(scene.app.gateway_addr()).await;
    for _ in 0..3 {
        assert_eq!(
            wire.get("acme", PATH, &[("x-api-key", &subscribed.key)]).await.status,
            200
        );
    }
    assert_eq!(wire.get("acme", PATH, &[]).await.status, 401);
    assert_eq!(wire.get("acme", "/invented-path", &[]).await.status, 404);
    assert_eq!(wire.get("invented-host", PATH, &[]).await.status, 404);
    let method = Method::from_bytes(b"INVENTED").unwrap();
    scene.acme.call(method, "/invented-operation", None).await;

    let (text, samples) = scrape(&scene).await;
    let of = |name: &str| {
        samples
            .get(name)
            .copied()
            .unwrap_or_else(|| panic!("{name} in\n{text}"))
    };
    assert_eq!(
        of("gatewright_gateway_requests_total{gateway=\"acme\",status=\"2xx\"}"),
        3.0
    );
    assert_eq!(
        of("gatewright_gateway_requests_total{gateway=\"acme\",status=\"4xx\"}"),
        2.0
    );
    assert_eq!(
        of("gatewright_gateway_requests_total{gateway=\"(none)\",status=\"4xx\"}"),
        1.0
    );
    assert_eq!(
        of("gatewright_gateway_refusals_total{gateway=\"acme\",code=\"no-credential\"}"),
        1.0
    );
    assert_eq!(
        of("gatewright_gateway_refusals_total{gateway=\"acme\",code=\"no-route\"}"),
        1.0
    );
    assert_eq!(
        of("gatewright_gateway_request_duration_seconds_count{gateway=\"acme\"}"),
        5.0
    );
    assert_eq!(
        of("gatewright_gateway_request_duration_seconds_bucket{le=\"+Inf\",gateway=\"acme\"}"),
        5.0
    );
    assert_eq!(of("gatewright_gateway_connections"), 1.0);
    assert!(of("gatewright_gateway_upstream_connects_total") >= 1.0);
    assert!(of("gatewright_database_connections") >= 1.0);
    assert!(of("gatewright_process_cpu_seconds_total") > 0.0);
    let created = "{method=\"POST\",route=\"/api/v1/subscriptions\",status=\"2xx\"}";
    assert_eq!(of(&format!("gatewright_api_requests_total{created}")), 1.0);
    assert_eq!(
        of(&format!("gatewright_api_request_duration_seconds_count{created}")),
        1.0
    );

    let secret = &subscribed.key[subscribed.key.len() - 12..];
    for invented in ["invented", "INVENTED", secret] {
        assert!(!text.contains(invented), "{invented} in\n{text}");
    }
    // Only there: the addresses that the public reaches have no such page.
    let elsewhere = scene.acme.api_url.replace("/api/v1", "/metrics");
    assert_eq!(scene.app.client.get(elsewhere).send().await.unwrap().status(), 404);
    scene.app.stop().await;
}

#[tokio::test]
async fn a_scrape_says_how_much_work_waits_and_how_far_the_nodes_are() {
    let clock = gatewright_testkit::manual_clock();
    let mut settings = gatewright_testkit::settings(&database::create().await);
    settings.metrics_addr = Some("127.0.0.1:0".parse().unwrap());
    let scene = Scene::set_in(TestApp::start_as(settings, clock.clone()).await).await;
    scene.app.dead_job(&scene.acme).await;
    scene.app.idle_job(&scene.acme).await;
    scene.advance(90);
    // The process counts every ten seconds; this one does it now.
    let (jobs, metrics) = (Jobs::default(), Metrics::default());
    metrics.add_jobs(&jobs);
    let counting = tokio::spawn(jobs.measure(scene.app.process.database().clone()));
    let queued = "gatewright_jobs{kind=\"test.idle\",state=\"queued\"}";
    let counted = loop {
        let counted = samples(&metrics.text().unwrap());
        if counted.contains_key(queued) {
            break counted;
        }
        tokio::task::yield_now().await;
    };
    counting.abort();
    assert_eq!(counted[queued], 1.0);
    assert_eq!(counted["gatewright_jobs{kind=\"test.idle\",state=\"running\"}"], 0.0);
    assert_eq!(counted["gatewright_jobs{kind=\"test.idle\",state=\"dead\"}"], 1.0);
    assert_eq!(counted["gatewright_job_waiting_seconds{kind=\"test.idle\"}"], 90.0);

    let subscribed = scene.subscribe().await;
    let path = format!("/keys/{}/revoke", subscribed.key_id);
    scene.acme.post(&path, serde_json::json!({})).await;
    let (_, samples) = scrape(&scene).await;
    assert_eq!(samples["gatewright_nodes{standing=\"current\"}"], 1.0);
    assert_eq!(samples["gatewright_nodes{standing=\"behind\"}"], 0.0);
    assert_eq!(samples["gatewright_node_news_behind_max"], 0.0);
    scene.app.stop().await;
}
