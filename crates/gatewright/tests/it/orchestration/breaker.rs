//! A gateway's circuit breaker, as two workers on one database keep it, by the clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};

use super::weather::Weather;

impl Weather {
    async fn breaker(&self) -> (String, Option<DateTime<Utc>>) {
        let connection = self.tenant.get(&format!("/connections/{}", self.connections[0])).await;
        let retry_at = connection["retryAt"].as_str().map(|text| text.parse().unwrap());
        (connection["breaker"].as_str().unwrap().to_owned(), retry_at)
    }

    /// Both workers look at the same time, while the clock stands still; returns how much they took on.
    async fn both_look(&self) -> usize {
        let (one, other) = tokio::join!(self.engines[0].tick(), self.engines[1].tick());
        one.unwrap() + other.unwrap()
    }

    async fn subscribed(&self) -> String {
        let (status, made) = self.subscribe(json!({})).await;
        assert_eq!(status, 201, "{made:#}");
        made["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_opens_after_five_failures_for_exactly_300_seconds_and_one_probe_decides() {
    let weather = Weather::with(&[json!({})]).await;
    let clock = &weather.app.clock;
    let seconds = |seconds| TimeDelta::seconds(seconds);
    let there = weather.subscribed().await;
    weather.work().await;
    weather.gateways[0].fail(Rule::every(Fault::Fails { status: 503 }));
    let mut waiting = vec![weather.subscribed().await];
    for failure in 1..=5 {
        assert_eq!(weather.breaker().await.0, "CLOSED", "before failure {failure}");
        assert_eq!(weather.both_look().await, 1);
        if failure < 5 {
            // Longer than any pause so far.
            clock.advance(Duration::from_secs(10));
        }
    }
    let opened_at = clock.now();
    assert_eq!(
        weather.breaker().await,
        ("OPEN".to_owned(), Some(opened_at + seconds(300)))
    );

    for _ in 0..3 {
        waiting.push(weather.subscribed().await);
    }
    let calls = weather.gateways[0].counters().calls;
    clock.advance(Duration::from_millis(299_999) - (clock.now() - opened_at).to_std().unwrap());
    assert_eq!(weather.both_look().await, 0, "nothing is sent a millisecond too early");
    assert_eq!(weather.gateways[0].counters().calls, calls);
    clock.advance(Duration::from_millis(1));
    assert_eq!(
        weather.both_look().await,
        1,
        "one probe of two workers, though four wait"
    );
    let probed_at = clock.now();
    assert_eq!(probed_at, opened_at + seconds(300));
    assert_eq!(
        weather.breaker().await,
        ("OPEN".to_owned(), Some(probed_at + seconds(300)))
    );

    let cancel = format!("/subscriptions/{there}/cancel");
    let (status, body) = weather.tenant.call(Method::POST, &cancel, Some(json!({}))).await;
    assert_eq!(status, 200, "{body:#}");
    assert_eq!(
        weather.both_look().await,
        1,
        "what ends access is sent past an open breaker"
    );
    assert_eq!(
        weather.breaker().await,
        ("OPEN".to_owned(), Some(probed_at + seconds(300))),
        "its failure keeps it open no longer"
    );
    weather.gateways[0].heal();
    clock.advance(Duration::from_secs(2));
    assert_eq!(weather.both_look().await, 1, "it is tried again, and alone");
    assert_eq!(weather.standing(&there, 0).await["state"], "REMOVED");
    assert_eq!(
        weather.breaker().await,
        ("CLOSED".to_owned(), None),
        "its success is as good as a probe's"
    );
    assert_eq!(weather.both_look().await, 4, "what waited goes on at once");
    for id in waiting {
        assert_eq!(weather.standing(&id, 0).await["state"], "ACTIVE");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_whose_worker_died_goes_to_another_after_120_seconds() {
    let weather = Weather::with(&[json!({})]).await;
    let id = weather.subscribed().await;
    let retry_at = weather.app.clock.now();
    weather.set_breaker("OPEN", retry_at).await;
    // The worker takes the probe and is gone before anything comes of it.
    weather.gateways[0].fail(Rule::every(Fault::Slow { ms: 500 }).times(4));
    let taken = tokio::time::timeout(Duration::from_millis(300), weather.engines[0].tick()).await;
    assert!(taken.is_err());
    assert_eq!(
        weather.breaker().await,
        ("HALF_OPEN".to_owned(), Some(retry_at + TimeDelta::seconds(120)))
    );
    weather.app.clock.advance(Duration::from_millis(119_999));
    assert_eq!(weather.both_look().await, 0);
    weather.app.clock.advance(Duration::from_millis(1));
    assert_eq!(weather.both_look().await, 1);
    assert_eq!(weather.breaker().await.0, "CLOSED");
    assert_eq!(weather.standing(&id, 0).await["state"], "ACTIVE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_a_primary_whose_breaker_is_open() {
    let weather = Weather::with(&[json!({ "primary": true })]).await;
    let retry_at = weather.app.clock.now() + TimeDelta::seconds(60);
    weather.set_breaker("OPEN", retry_at).await;
    let calls = weather.gateways[0].counters().calls;
    let body = json!({ "customerId": weather.customer_id, "planId": weather.plan_id });
    let (status, problem) = weather
        .tenant
        .call(Method::POST, "/subscriptions", Some(body.clone()))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (503, &json!("gateway-unconfirmed")),
        "{problem:#}"
    );
    assert_eq!(weather.gateways[0].counters().calls, calls, "nothing was sent");
    assert_eq!(
        weather.tenant.get("/subscriptions").await["items"],
        Value::Array(Vec::new()),
        "nothing was kept"
    );
    weather.app.clock.advance(Duration::from_secs(60));
    let (status, made) = weather.tenant.call(Method::POST, "/subscriptions", Some(body)).await;
    assert_eq!(status, 201, "the request is the probe: {made:#}");
    assert_eq!(weather.breaker().await, ("CLOSED".to_owned(), None));
}
