//! Many subscriptions, and gateways that never answer: how fast it goes for everybody else.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::{Fake, Options, Seed};

use super::scene::{Scene, connect, map};
use super::weather::Weather;

/// Who subscribes, with all gateways healthy and then with one dead.
const SUBSCRIBERS: usize = 20;
/// Within which a healthy gateway has a new subscription.
const ACTIVE_WITHIN: Duration = Duration::from_secs(2);
/// Subscriptions that are reconciled in `make test`, and in `make soak`.
const MANY: usize = 300;
const MANY_SOAK: usize = 10_000;
/// Calls per second that the gateway of that takes.
const RATE: u64 = 900;
/// How much the process may grow from the first quarter of that work to its end; the stand-in for the gateway is in it.
const GROWTH_MAX_KB: u64 = 64 * 1024;

/// How long subscribing took, the 95th of a hundred, and the subscriptions.
async fn subscribe_many(scene: &Scene) -> (Duration, Vec<String>) {
    let (mut took, mut ids) = (Vec::new(), Vec::new());
    for _ in 0..SUBSCRIBERS {
        let begun = Instant::now();
        let (status, made) = scene.subscribe().await;
        took.push(begun.elapsed());
        assert_eq!(status, 201, "{made:#}");
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    took.sort_unstable();
    (took[SUBSCRIBERS * 95 / 100], ids)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secondary_that_never_answers_costs_nobody_anything() {
    let scene = Scene::with(json!({ "primary": true, "callsPerSecond": 1000 })).await;
    let (healthy, dead) = (kong().await, kong().await);
    // Enough that nobody waits for a turn behind the others.
    let rate = json!({ "callsPerSecond": 1000 });
    let healthy_id = connect(&scene.tenant, &healthy, "healthy", rate.clone()).await;
    let dead_id = connect(&scene.tenant, &dead, "dead", json!({})).await;
    for id in [&healthy_id, &dead_id] {
        map(&scene.tenant, id, &scene.product_id).await;
    }
    let (before, _) = subscribe_many(&scene).await;
    dead.fail(Rule::every(Fault::BlackHole));
    let (with_dead, ids) = subscribe_many(&scene).await;
    println!("p95 {before:?} with all healthy, {with_dead:?} with one that never answers");
    assert!(
        with_dead < before * 2 + Duration::from_millis(100),
        "{with_dead:?} instead of {before:?}"
    );

    let mut took = Vec::new();
    for _ in 0..5 {
        took.push(until_active(&scene, &healthy_id, &dead_id).await);
    }
    took.sort_unstable();
    println!("active on every healthy gateway after {took:?}");
    assert!(took[2] < ACTIVE_WITHIN, "{took:?}");
    for id in ids {
        let (status, body) = scene
            .tenant
            .call(Method::GET, &format!("/subscriptions/{id}"), None)
            .await;
        assert_eq!((status.as_u16(), &body["state"]), (200, &json!("ACTIVE")));
    }
}

/// How long it takes from asking for a subscription until every healthy gateway has it.
async fn until_active(scene: &Scene, healthy_id: &str, dead_id: &str) -> Duration {
    let begun = Instant::now();
    let (status, made) = scene.subscribe().await;
    assert_eq!(status, 201);
    let path = format!("/subscriptions/{}/gateways", made["id"].as_str().unwrap());
    loop {
        let all = scene.tenant.get(&path).await;
        let is_active = |id: &str| {
            let mut items = all["items"].as_array().unwrap().iter();
            items.any(|one| one["gatewayId"] == id && one["state"] == "ACTIVE")
        };
        if is_active(healthy_id) && is_active(&scene.connection_id) {
            assert!(!is_active(dead_id), "{all:#}");
            return begun.elapsed();
        }
        assert!(begun.elapsed() < ACTIVE_WITHIN * 10, "{all:#}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn kong() -> Fake {
    let options = Options {
        seed: Seed::Demo,
        ..Options::default()
    };
    Fake::start(options).await.unwrap()
}

/// What this process has in memory.
fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_subscriptions_are_brought_up_within_the_gateways_rate_and_flat_in_memory() {
    let many = if std::env::var_os("GATEWRIGHT_TEST_SOAK").is_some() {
        MANY_SOAK
    } else {
        MANY
    };
    let weather = Weather::with(&[json!({ "callsPerSecond": RATE })]).await;
    let mut subscribing = JoinSet::new();
    for share in 0..4 {
        let tenant = weather.tenant.clone();
        let body = json!({ "customerId": weather.customer_id, "planId": weather.plan_id });
        subscribing.spawn(async move {
            for _ in (share..many).step_by(4) {
                tenant.post("/subscriptions", body.clone()).await;
            }
        });
    }
    subscribing.join_all().await;
    let (clock, kong) = (&weather.app.clock, &weather.gateways[0]);
    let (begun_at, calls_before) = (clock.now(), kong.counters().calls);
    let mut early = None;
    let mut done = 0;
    while weather
        .count("SELECT count(*) FROM applications WHERE state <> 'ACTIVE'")
        .await
        > 0
    {
        let begun = Instant::now();
        let (one, other) = tokio::join!(weather.engines[0].tick(), weather.engines[1].tick());
        done += one.unwrap() + other.unwrap();
        if done >= many / 4 && early.is_none() {
            early = Some(resident_kb());
        }
        // The clock stands still while the workers do: it follows the time that they took.
        clock.advance(begun.elapsed().max(Duration::from_millis(1)));
        assert!(done < many * 3, "{done} attempts for {many} subscriptions");
    }
    let (took, counters) = ((clock.now() - begun_at).to_std().unwrap(), kong.counters());
    let calls = counters.calls - calls_before;
    let growth = resident_kb().saturating_sub(early.unwrap());
    println!(
        "{many} subscriptions, {calls} calls in {took:?}, at most {} in a second, {growth} KB more",
        counters.per_second_max
    );
    assert!(
        counters.per_second_max <= RATE,
        "{} calls in one second",
        counters.per_second_max
    );
    assert!(calls <= 12 * u64::try_from(many).unwrap(), "{calls} calls");
    assert!(growth < GROWTH_MAX_KB, "{growth} KB more than after the first quarter");
}
