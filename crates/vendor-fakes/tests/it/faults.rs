//! What goes wrong on demand, and what is counted and watched meanwhile.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::{Flavor, Options};
use vendor_fakes::stage::Touch;

use crate::world::{CONSUMER, CREDENTIAL, World, demo};

const PATH: &str = "/consumers/c0000000-0000-4000-8000-000000000001";

async fn put(world: &World) -> reqwest::Result<(u16, String)> {
    let answer = world.send("PUT", PATH, Some(json!({ "username": "gwr-1" }))).await?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await?))
}

async fn stored(world: &World) -> bool {
    world.call("GET", PATH, None).await.0 == 200
}

/// The outcome of one PUT under this fault, and whether it was done; the fault is over after it.
async fn once(fault: Fault) -> (reqwest::Result<(u16, String)>, bool) {
    let world = World::start(Options::default()).await;
    world.fake.fail(Rule::new("PUT", "/consumers/*", fault).times(1));
    let outcome = put(&world).await;
    let done = stored(&world).await;
    assert_eq!(put(&world).await.unwrap().0, 200, "the fault is over");
    (outcome, done)
}

#[tokio::test]
async fn an_answer_is_lost_before_or_after_the_call_is_done() {
    let (outcome, done) = once(Fault::DropBefore).await;
    assert!(outcome.is_err() && !done);
    let (outcome, done) = once(Fault::DropAfter).await;
    assert!(outcome.is_err() && done);
    let (outcome, done) = once(Fault::Truncated).await;
    assert!(
        outcome.unwrap_err().is_decode() && done,
        "head and half of the body arrive"
    );
}

#[tokio::test]
async fn refusals_are_those_of_the_vendor_and_leave_nothing_behind() {
    for (fault, status) in [
        (Fault::Fails { status: 500 }, 500),
        (Fault::Fails { status: 503 }, 503),
        (Fault::Unauthorized, 401),
        (
            Fault::Throttled {
                retry_after_seconds: None,
            },
            429,
        ),
    ] {
        let (outcome, done) = once(fault).await;
        let (found, body) = outcome.unwrap();
        assert_eq!((found, done), (status, false));
        assert!(serde_json::from_str::<Value>(&body).unwrap()["message"].is_string());
    }
    let (outcome, done) = once(Fault::FailsAfter { status: 500 }).await;
    assert_eq!((outcome.unwrap().0, done), (500, true));
    let (outcome, done) = once(Fault::ConflictOurs).await;
    let (status, body) = outcome.unwrap();
    let refused: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, done, &refused["fields"]),
        (409, true, &json!({ "username": "gwr-1" }))
    );
    let (outcome, done) = once(Fault::WrongContentType).await;
    assert!(outcome.unwrap().1.starts_with("<html>") && done);
}

#[tokio::test]
async fn a_rule_means_the_same_call_whatever_stands_before_its_path() {
    for flavor in [Flavor::Oss, Flavor::Enterprise, Flavor::Konnect] {
        let world = World::start(Options {
            flavor,
            ..Options::default()
        })
        .await;
        world
            .fake
            .fail(Rule::new("PUT", "/consumers/*", Fault::Fails { status: 503 }).times(1));
        assert_eq!(put(&world).await.unwrap().0, 503);
        assert_eq!(put(&world).await.unwrap().0, 200);
        assert_eq!(world.fake.counters().by_template["PUT /consumers/*"], 2);
    }
}

#[tokio::test]
async fn a_throttled_caller_is_told_when_to_come_back() {
    let world = World::start(Options::default()).await;
    let fault = Fault::Throttled {
        retry_after_seconds: Some(7),
    };
    world.fake.fail(Rule::new("GET", "/consumers", fault).times(1));
    let answer = world.send("GET", "/consumers", None).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "7")
    );
}

#[tokio::test]
async fn a_foreign_conflict_is_a_real_one_and_stays() {
    let world = World::start(Options::default()).await;
    world
        .fake
        .fail(Rule::new("PUT", "/consumers/*", Fault::ConflictForeign).times(1));
    assert_eq!(put(&world).await.unwrap().0, 409);
    assert_eq!(put(&world).await.unwrap().0, 409, "the name stays taken");
    let (_, other) = world.call("GET", "/consumers/gwr-1", None).await;
    assert_ne!(other["id"], CONSUMER);

    world.call("PUT", PATH, Some(json!({ "username": "another" }))).await;
    world
        .fake
        .fail(Rule::new("PUT", "/consumers/*/key-auth/*", Fault::ConflictForeign).times(1));
    let key = format!("{PATH}/key-auth/{CREDENTIAL}");
    let (status, refused) = world.call("PUT", &key, Some(json!({ "key": "k" }))).await;
    assert_eq!((status, &refused["fields"]), (409, &json!({ "key": "k" })));
    assert_eq!(world.fake.touched(), []);
}

#[tokio::test]
async fn an_expired_token_is_refused_from_the_middle_on_until_it_is_healed() {
    let world = World::start(Options::default()).await;
    world.fake.fail(Rule::every(Fault::Unauthorized).after(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(put(&world).await.unwrap().0);
    }
    assert_eq!(statuses, [200, 200, 401, 401]);
    world.fake.heal();
    assert_eq!(put(&world).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_share_of_the_calls_fails_the_same_ones_for_the_same_seed() {
    let mut runs = Vec::new();
    for fault_seed in [1, 1, 2] {
        let world = World::start(Options {
            fault_seed,
            ..Options::default()
        })
        .await;
        let rule = Rule {
            probability: Some(0.5),
            ..Rule::new("PUT", "/**", Fault::Fails { status: 500 })
        };
        world.fake.fail(rule);
        let mut run = Vec::new();
        for _ in 0..40 {
            run.push(put(&world).await.unwrap().0);
        }
        let failed = run.iter().filter(|status| **status == 500).count();
        assert!((8..=32).contains(&failed), "{failed} of 40");
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn slow_calls_take_their_time_and_are_counted_at_once() {
    let world = World::start(Options::default()).await;
    world.fake.fail(Rule::every(Fault::Slow { ms: 40 }));
    let before = std::time::Instant::now();
    let mut calls = Vec::new();
    for _ in 0..4 {
        calls.push(put(&world));
    }
    assert!(join_all(calls).await.into_iter().all(|answer| answer.unwrap().0 == 200));
    assert!(before.elapsed() >= Duration::from_millis(40));
    let counters = world.fake.counters();
    assert_eq!((counters.calls, counters.by_template["PUT /consumers/*"]), (4, 4));
    assert_eq!(counters.concurrent_per_entity_max, 4);
    assert_eq!(counters.most_contended, Some(format!("consumers/{CONSUMER}")));
    assert!(counters.per_second_max >= 2);
    let calls = world.fake.calls();
    assert_eq!(
        (calls.len(), calls[0].path.as_str(), calls[0].status),
        (4, PATH, Some(200))
    );
}

#[tokio::test]
async fn a_black_hole_takes_the_call_and_never_answers() {
    let world = World::start(Options::default()).await;
    world
        .fake
        .fail(Rule::new("PUT", "/consumers/*", Fault::BlackHole).times(1));
    let answered = tokio::time::timeout(Duration::from_millis(150), put(&world)).await;
    assert!(answered.is_err());
    assert!(!stored(&world).await);
}

#[tokio::test]
async fn a_dead_listener_refuses_and_comes_back_at_its_port_with_its_rows() {
    let world = World::start(Options::default()).await;
    put(&world).await.unwrap();
    world.fake.down().await;
    assert!(put(&world).await.unwrap_err().is_connect());
    world.fake.up().await.unwrap();
    assert!(stored(&world).await);
    let order = |up: bool| Some(json!({ "name": "admin", "up": up }));
    assert_eq!(world.control("POST", "/listener", order(false)).await.0, 204);
    assert!(put(&world).await.is_err());
    assert_eq!(world.control("POST", "/listener", order(true)).await.0, 204);
    assert!(stored(&world).await);
}

#[tokio::test]
async fn whoever_touches_a_foreign_object_is_found_out() {
    let world = World::start(demo()).await;
    assert_eq!(world.fake.touched(), []);
    world
        .call(
            "PATCH",
            "/consumers/legacy-mobile-app",
            Some(json!({ "tags": ["mine"] })),
        )
        .await;
    world
        .call("DELETE", "/consumers/partner-acme/acls/prod-payments", None)
        .await;
    world
        .call("POST", "/consumers/partner-acme/key-auth", Some(json!({ "key": "k" })))
        .await;
    let touched: Vec<_> = world
        .fake
        .touched()
        .into_iter()
        .map(|one| (one.kind, one.how))
        .collect();
    let kind = |kind: &str, how| (kind.to_owned(), how);
    assert_eq!(
        touched,
        [
            kind("consumers", Touch::Changed),
            kind("acls", Touch::Gone),
            kind("consumers", Touch::AddedTo)
        ]
    );
    let (_, report) = world.control("GET", "/report", None).await;
    assert_eq!(report["foreignTouched"][0]["how"], "CHANGED");
    assert_eq!(report["counters"]["byTemplate"]["POST /consumers/*/key-auth"], 1);
}

#[tokio::test]
async fn every_secret_that_was_ever_stored_is_remembered() {
    let world = World::start(Options::default()).await;
    put(&world).await.unwrap();
    let path = format!("{PATH}/key-auth/{CREDENTIAL}");
    world.call("PUT", &path, Some(json!({ "key": "first" }))).await;
    let (_, row) = world.call("PUT", &path, Some(json!({}))).await;
    world.call("DELETE", PATH, None).await;
    let (_, secrets) = world.control("GET", "/secrets", None).await;
    assert_eq!(secrets["data"], json!(["first", row["key"]]));
    assert_eq!(world.fake.state()["key-auths"], json!([]));
}

#[tokio::test]
async fn the_control_keeps_lists_and_forgets_rules_and_refuses_nonsense() {
    let world = World::start(demo()).await;
    let rule =
        json!({ "method": "PUT", "path": "/consumers/*", "times": 1, "fault": { "kind": "FAILS", "status": 503 } });
    let (status, added) = world.control("POST", "/faults", Some(rule)).await;
    assert_eq!(status, 201);
    assert_eq!(put(&world).await.unwrap().0, 503);
    let (_, rules) = world.control("GET", "/faults", None).await;
    assert_eq!(
        (&rules["data"][0]["hits"], &rules["data"][0]["fault"]["kind"]),
        (&json!(1), &json!("FAILS"))
    );
    assert_eq!(
        world
            .control("DELETE", &format!("/faults/{}", added["id"]), None)
            .await
            .0,
        204
    );
    assert_eq!(world.control("DELETE", "/faults/99", None).await.0, 404);
    for nonsense in [
        json!({ "path": "/**", "fault": { "kind": "FAILS", "status": 200 } }),
        json!({ "path": "/**", "probability": 2.0, "fault": { "kind": "DROP_AFTER" } }),
        json!({ "path": "/**", "fault": { "kind": "SLOW", "ms": 3_600_000 } }),
        json!({ "path": "/**", "often": 1, "fault": { "kind": "DROP_AFTER" } }),
    ] {
        assert_eq!(world.control("POST", "/faults", Some(nonsense)).await.0, 400);
    }
    put(&world).await.unwrap();
    assert_eq!(world.control("POST", "/reset", None).await.0, 204);
    assert!(!stored(&world).await);
    assert_eq!(world.call("GET", "/services/orders", None).await.0, 200);
}
