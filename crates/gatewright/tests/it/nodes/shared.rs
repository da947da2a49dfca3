//! Nodes that share a Redis: processes of the real binary, a Redis that lies, stops and dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::json;

use super::fleet::{Fleet, Running, eventually, free_addr};
use super::load::{Load, answers};
use super::{acknowledged, admitted, verdict};
use crate::redis::Redis;

const CONNECTED: &str = "the shared cache is connected";

async fn fleet() -> Option<(Redis, Fleet, Running)> {
    let redis = Redis::start().await?;
    let variables = vec![("GATEWRIGHT_REDIS_URL", redis.url())];
    let (fleet, mut control) = Fleet::start_told("30", variables).await;
    control.line_with(CONNECTED).await;
    Some((redis, fleet, control))
}

async fn node(fleet: &Fleet, name: &str, controls: &[&Running]) -> Running {
    let mut node = fleet.node(name, controls).await;
    node.line_with(CONNECTED).await;
    node
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_looked_up_another_does_not_ask_the_control_plane_for() {
    let Some((redis, mut fleet, control)) = fleet().await else {
        return;
    };
    let one = node(&fleet, "one", &[&control]).await;
    let two = node(&fleet, "two", &[&control]).await;
    // Learned by the node inside the control plane, and by one of its own: found by the other either way.
    for first in [&control, &one] {
        let key = fleet.subscribe(&control).await.key;
        admitted(first.gateway_addr(), "acme", &key).await;
        let place = || async { redis.places().await.len() };
        eventually("written", place, |count| *count > 0).await;
        control.signal(Signal::STOP);
        admitted(two.gateway_addr(), "acme", &key).await;
        control.signal(Signal::CONT);
        redis.ask::<()>(&[b"FLUSHALL"]).await;
    }
    // The node inside another control plane finds there what the first ones looked up.
    let metrics = free_addr();
    fleet.tell("GATEWRIGHT_METRICS_ADDR", metrics.to_string());
    let mut second = fleet.control(free_addr()).await;
    second.line_with(CONNECTED).await;
    let hits = || async {
        let key = fleet.subscribe(&control).await.key;
        admitted(one.gateway_addr(), "acme", &key).await;
        admitted(second.gateway_addr(), "acme", &key).await;
        let figures = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap();
        figures.text().await.unwrap()
    };
    let is_hit = |figures: &String| {
        let line = "gatewright_shared_cache_lookups_total{result=\"hit\"} ";
        figures
            .lines()
            .any(|one| one.strip_prefix(line).is_some_and(|count| count != "0"))
    };
    let figures = eventually("found", hits, is_hit).await;
    assert!(figures.contains("gatewright_shared_cache_connected 1"), "{figures}");
    for running in [two, one, second, control] {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_revocation_is_undone_by_what_stands_in_redis() {
    let Some((redis, fleet, control)) = fleet().await else {
        return;
    };
    let one = node(&fleet, "one", &[&control]).await;
    let two = node(&fleet, "two", &[&control]).await;
    let redis = Arc::new(redis);
    let nodes = [&control, &one, &two].map(Running::gateway_addr);
    let mut came_late = Vec::new();
    for round in 0..3 {
        let subscribed = fleet.subscribe(&control).await;
        admitted(one.gateway_addr(), "acme", &subscribed.key).await;
        let kept = || async { redis.places().await };
        let place = eventually("written", kept, |places| !places.is_empty()).await.remove(0);
        let good: Vec<u8> = redis.ask(&[b"GET", place.as_bytes()]).await;
        let load = Load::begin(&nodes, "acme", &subscribed.key);
        eventually("under way", || async { load.count(0, 200, "") }, |count| *count > 50).await;

        // Somebody puts the record back from before the revocation, without a pause.
        let (liar, ends) = (Arc::clone(&redis), Arc::new(AtomicBool::new(false)));
        let (place_there, until) = (place.clone(), Arc::clone(&ends));
        let lying = tokio::spawn(async move {
            while !until.load(Ordering::Acquire) {
                liar.ask::<()>(&[b"SET", place_there.as_bytes(), &good, b"PX", b"60000"])
                    .await;
            }
        });
        let revoke = format!("/keys/{}/revoke", subscribed.key_id);
        let answer = fleet.at(&control).post(&revoke, json!({})).await;
        load.next_phase();
        acknowledged(&answer, 3 + round);
        // It has acknowledged nothing and holds no tombstone.
        let late = node(&fleet, &format!("late-{round}"), &[&control]).await;
        let refused = (401, "credential-revoked".to_owned());
        for _ in 0..20 {
            assert_eq!(verdict(late.gateway_addr(), "acme", &subscribed.key).await, refused);
        }
        let count = || async { load.count(1, 401, "credential-revoked") };
        eventually("refused", count, |count| *count > 200).await;
        ends.store(true, Ordering::Release);
        lying.await.unwrap();
        let counts = load.end().await;
        assert_eq!(answers(&counts, 1), [(401, "credential-revoked")], "{counts:?}");
        assert!(
            counts.keys().all(|(_, status, _)| matches!(status, 200 | 401)),
            "{counts:?}"
        );
        redis.ask::<()>(&[b"FLUSHALL"]).await;
        came_late.push(late);
    }
    for running in came_late.into_iter().chain([two, one, control]) {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_that_stops_and_dies_under_load_fails_no_request_and_delays_no_revocation() {
    let Some((mut redis, fleet, mut control)) = fleet().await else {
        return;
    };
    let one = node(&fleet, "one", &[&control]).await;
    let nodes = [&control, &one].map(Running::gateway_addr);
    let key = fleet.subscribe(&control).await.key;
    let load = Load::begin(&nodes, "acme", &key);
    let under_way = async |phase: usize| {
        eventually(
            "under way",
            || async { load.count(phase, 200, "") },
            |count| *count > 50,
        )
        .await;
        let subscribed = fleet.subscribe(&control).await;
        for node in nodes {
            assert_eq!(verdict(node, "acme", &subscribed.key).await, (200, String::new()));
        }
        let revoke = format!("/keys/{}/revoke", subscribed.key_id);
        acknowledged(&fleet.at(&control).post(&revoke, json!({})).await, 2);
        for node in nodes {
            assert_eq!(verdict(node, "acme", &subscribed.key).await.0, 401);
        }
    };
    under_way(0).await;
    redis.signal(Signal::STOP);
    load.next_phase();
    under_way(1).await;
    redis.signal(Signal::CONT);
    redis.kill().await;
    load.next_phase();
    under_way(2).await;
    redis.start_again().await;
    load.next_phase();
    under_way(3).await;
    control.lines_with(CONNECTED, 2).await;
    let counts = load.end().await;
    assert!(counts.keys().all(|(_, status, _)| *status == 200), "{counts:?}");
    for running in [one, control] {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}
