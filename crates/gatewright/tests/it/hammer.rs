//! The promise: no request sent after the answer is admitted, on any core, however busy they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use gatewright_testkit::{Subscribed, Wire};
use serde_json::json;
use tokio::task::JoinSet;

use crate::scene::{PATH, Scene};

/// Clients, each with a kept-alive connection.
const CLIENTS: usize = 64;
/// Requests of each client that are admitted before access is ended.
const BEFORE: usize = 5;
/// Requests of each client that are sent after the answer.
const AFTER: usize = 15;

/// What the clients saw.
#[derive(Default)]
struct Counts {
    admitted_before: AtomicUsize,
    admitted_after: AtomicUsize,
    refused_after: AtomicUsize,
    other: AtomicUsize,
}

/// Lets `CLIENTS` hammer while `path` is posted to; what is sent after its answer must be refused so.
async fn hammer(scene: &Scene, key: &str, path: &str, status: u16, code: &'static str) {
    let counts = Arc::new(Counts::default());
    let ended = Arc::new(AtomicBool::new(false));
    let warm = Arc::new(tokio::sync::Barrier::new(CLIENTS + 1));
    // Threads of their own, so that the control plane is quick to answer while the gateway is busy.
    let hammering = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (counts, ended, warm) = (Arc::clone(&counts), Arc::clone(&ended), Arc::clone(&warm));
        let (addr, key) = (scene.app.gateway_addr(), key.to_owned());
        let client = async move {
            let mut wire = Wire::connect(addr).await;
            let mut sent_after = 0;
            let mut sent = 0;
            while sent_after < AFTER {
                if sent == BEFORE {
                    warm.wait().await;
                }
                // Read before the request is written: only then is it surely sent after the answer.
                let is_after = ended.load(Ordering::Acquire);
                let answer = wire.get("acme", PATH, &[("x-api-key", &key)]).await;
                sent += 1;
                sent_after += usize::from(is_after);
                let count = match (answer.status, is_after) {
                    (200, false) => &counts.admitted_before,
                    (200, true) => &counts.admitted_after,
                    (got, _) if got == status && answer.code() == code => {
                        if is_after {
                            &counts.refused_after
                        } else {
                            continue;
                        }
                    }
                    _ => &counts.other,
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        clients.spawn_on(client, hammering.handle());
    }
    warm.wait().await;
    let answer = scene.acme.post(path, json!({})).await;
    ended.store(true, Ordering::Release);
    assert!(
        answer["nodes"][0]["acknowledgedMs"].is_number(),
        "the node has acknowledged: {answer}"
    );
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    hammering.shutdown_background();
    let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    assert!(
        count(&counts.admitted_before) >= CLIENTS * BEFORE,
        "{}",
        count(&counts.admitted_before)
    );
    assert_eq!(
        count(&counts.admitted_after),
        0,
        "nothing sent after the answer is admitted"
    );
    assert_eq!(count(&counts.refused_after), CLIENTS * AFTER);
    assert_eq!(count(&counts.other), 0, "nothing else is ever answered");
}

async fn scene() -> (Scene, Subscribed) {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    (scene, subscribed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_sent_after_a_cancel_was_answered_is_admitted() {
    let (scene, subscribed) = scene().await;
    let path = format!("/subscriptions/{}/cancel", subscribed.subscription_id);
    hammer(&scene, &subscribed.key, &path, 401, "credential-revoked").await;
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_sent_after_a_key_was_revoked_is_admitted() {
    let (scene, subscribed) = scene().await;
    let path = format!("/keys/{}/revoke", subscribed.key_id);
    hammer(&scene, &subscribed.key, &path, 401, "credential-revoked").await;
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_sent_after_a_key_or_its_subscription_was_suspended_is_admitted() {
    let (scene, subscribed) = scene().await;
    let (key, subscription) = (&subscribed.key_id, &subscribed.subscription_id);
    for path in [format!("/keys/{key}"), format!("/subscriptions/{subscription}")] {
        hammer(
            &scene,
            &subscribed.key,
            &format!("{path}/suspend"),
            403,
            "credential-suspended",
        )
        .await;
        scene.acme.post(&format!("{path}/reactivate"), json!({})).await;
        assert_eq!(
            scene.verdict(&subscribed.key).await.0,
            200,
            "and every core admits it again"
        );
    }
    scene.app.stop().await;
}

/// The gateway has never seen these keys, so its look-ups race with the revocation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_under_way_does_not_bring_a_revoked_key_back() {
    let scene = Scene::set().await;
    for round in 0..12 {
        let subscribed = scene.subscribe().await;
        let mut clients = JoinSet::new();
        for _ in 0..16 {
            let (addr, key) = (scene.app.gateway_addr(), subscribed.key.clone());
            clients.spawn(first_request(addr, key));
        }
        scene
            .acme
            .post(&format!("/keys/{}/revoke", subscribed.key_id), json!({}))
            .await;
        assert_eq!(
            scene.verdict(&subscribed.key).await,
            (401, "credential-revoked".to_owned()),
            "round {round}"
        );
        let wires = clients.join_all().await;
        for mut wire in wires {
            let answer = wire.get("acme", PATH, &[("x-api-key", &subscribed.key)]).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "credential-revoked"),
                "round {round}"
            );
        }
    }
    scene.app.stop().await;
}

async fn first_request(addr: std::net::SocketAddr, key: String) -> Wire {
    let mut wire = Wire::connect(addr).await;
    let answer = wire.get("acme", PATH, &[("x-api-key", &key)]).await;
    assert!(
        matches!(answer.status, 200 | 401),
        "admitted before, refused after: {answer:?}"
    );
    wire
}

#[tokio::test]
async fn an_answer_names_every_node_and_how_long_it_took() {
    let (scene, subscribed) = scene().await;
    let answer = scene
        .acme
        .post(&format!("/keys/{}/revoke", subscribed.key_id), json!({}))
        .await;
    let nodes = answer["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 1, "{answer}");
    assert!(nodes[0]["nodeId"].as_str().unwrap().starts_with("nod_"), "{answer}");
    assert!(nodes[0]["acknowledgedMs"].as_f64().unwrap() >= 0.0, "{answer}");
    scene.app.stop().await;
}
