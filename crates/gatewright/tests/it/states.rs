//! Where a subscription may go, and where its keys are admitted.

use gatewright_testkit::Subscribed;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{Scene, expect, ok, refusal, text};

const STATES: [&str; 9] = [
    "CREATED",
    "TRIALING",
    "ACTIVE",
    "PAST_DUE",
    "PAUSED",
    "SUSPENDED",
    "EXPIRING",
    "EXPIRED",
    "CANCELLED",
];

const ADMITTED: [&str; 4] = ["TRIALING", "ACTIVE", "PAST_DUE", "EXPIRING"];

/// How each place is reached from the subscription's first state, and where it may go from there:
/// the design's list of moves, with a line for each state that a suspension can come from.
const PLACES: [(&str, &[&str], &[&str]); 13] = [
    ("CREATED", &[], &["TRIALING", "ACTIVE", "CANCELLED"]),
    (
        "TRIALING",
        &[],
        &["ACTIVE", "PAUSED", "SUSPENDED", "EXPIRED", "CANCELLED"],
    ),
    (
        "ACTIVE",
        &[],
        &["PAST_DUE", "PAUSED", "SUSPENDED", "EXPIRING", "CANCELLED"],
    ),
    ("ACTIVE", &["PAST_DUE"], &["ACTIVE", "SUSPENDED", "CANCELLED"]),
    ("ACTIVE", &["PAUSED"], &["ACTIVE", "SUSPENDED", "CANCELLED"]),
    ("TRIALING", &["SUSPENDED"], &["TRIALING", "CANCELLED"]),
    ("ACTIVE", &["SUSPENDED"], &["ACTIVE", "CANCELLED"]),
    ("ACTIVE", &["PAST_DUE", "SUSPENDED"], &["PAST_DUE", "CANCELLED"]),
    ("ACTIVE", &["PAUSED", "SUSPENDED"], &["PAUSED", "CANCELLED"]),
    ("ACTIVE", &["EXPIRING", "SUSPENDED"], &["EXPIRING", "CANCELLED"]),
    (
        "ACTIVE",
        &["EXPIRING"],
        &["ACTIVE", "SUSPENDED", "EXPIRED", "CANCELLED"],
    ),
    ("ACTIVE", &["EXPIRING", "EXPIRED"], &[]),
    ("ACTIVE", &["CANCELLED"], &[]),
];

/// A subscription in its first state, moved along `path`.
async fn stand(scene: &Scene, trial_plan: &str, begin: &str, path: &[&str]) -> Subscribed {
    let plan = if begin == "TRIALING" { trial_plan } else { &scene.plan };
    let body = json!({ "customerId": scene.customer, "planId": plan, "activate": begin != "CREATED" });
    let answer = scene.acme.post("/subscriptions", body).await;
    assert_eq!(answer["state"], begin);
    let subscribed = Subscribed {
        subscription_id: text(&answer, "id"),
        key_id: text(&answer["apiKey"], "id"),
        key: text(&answer["apiKey"], "secret"),
    };
    for to in path {
        assert_eq!(go(scene, 200, &subscribed, to).await["state"], *to);
    }
    subscribed
}

async fn go(scene: &Scene, status: u16, subscribed: &Subscribed, to: &str) -> Value {
    let path = format!("/subscriptions/{}/move", subscribed.subscription_id);
    scene
        .expect(status, Method::POST, &path, Some(json!({ "to": to })))
        .await
}

async fn state(scene: &Scene, subscribed: &Subscribed) -> Value {
    scene
        .acme
        .get(&format!("/subscriptions/{}", subscribed.subscription_id))
        .await
}

#[tokio::test]
async fn a_subscription_makes_exactly_the_moves_of_the_design() {
    let scene = Scene::set().await;
    let trial_plan = scene.acme.plan_with_trial("Trial", &[&scene.product], 14).await;
    for (begin, path, allowed) in PLACES {
        let from = *path.last().unwrap_or(&begin);
        let stuck = stand(&scene, &trial_plan, begin, path).await;
        let before = state(&scene, &stuck).await;
        for to in STATES.iter().filter(|to| !allowed.contains(to)) {
            let problem = go(&scene, 409, &stuck, to).await;
            assert_eq!(problem["code"], "illegal-subscription-move", "{begin} {path:?} to {to}");
            assert_eq!(problem["state"], from, "it says where the subscription stands");
        }
        assert_eq!(state(&scene, &stuck).await, before, "a refused move changes nothing");
        for to in allowed {
            let subscribed = stand(&scene, &trial_plan, begin, path).await;
            let moved = go(&scene, 200, &subscribed, to).await;
            assert_eq!(moved["state"], *to, "{begin} {path:?}");
            let comes_from = if *to == "SUSPENDED" { json!(from) } else { Value::Null };
            assert_eq!(moved["suspendedFrom"], comes_from, "{begin} {path:?} to {to}");
            assert_eq!(moved["endedAt"].is_string(), ["EXPIRED", "CANCELLED"].contains(to));
            assert_eq!(state(&scene, &subscribed).await["state"], *to);
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn keys_are_admitted_in_the_states_of_the_design_and_in_no_other() {
    let scene = Scene::set().await;
    let trial_plan = scene.acme.plan_with_trial("Trial", &[&scene.product], 14).await;
    for (begin, path, _) in PLACES {
        // One key that the gateway sees for the first time there, one that it has known all the way.
        let (new, known) = (
            stand(&scene, &trial_plan, begin, path).await,
            stand(&scene, &trial_plan, begin, &[]).await,
        );
        let mut at = begin;
        for to in std::iter::once(None).chain(path.iter().map(Some)) {
            if let Some(to) = to {
                go(&scene, 200, &known, to).await;
                at = to;
            }
            assert_eq!(
                scene.verdict(&known.key).await,
                verdict_in(at),
                "{begin} {path:?} at {at}"
            );
        }
        assert_eq!(scene.verdict(&new.key).await, verdict_in(at), "{begin} {path:?}");
    }
    scene.app.stop().await;
}

fn verdict_in(state: &str) -> (u16, String) {
    match state {
        state if ADMITTED.contains(&state) => ok(),
        "EXPIRED" | "CANCELLED" => refusal(401, "credential-revoked"),
        _ => refusal(403, "credential-suspended"),
    }
}

#[tokio::test]
async fn reactivate_returns_to_where_the_subscription_came_from() {
    let scene = Scene::set().await;
    let trial_plan = scene.acme.plan_with_trial("Trial", &[&scene.product], 14).await;
    for (begin, path, _) in PLACES {
        let subscribed = stand(&scene, &trial_plan, begin, path).await;
        let reactivate = format!("/subscriptions/{}/reactivate", subscribed.subscription_id);
        match path {
            [.., "SUSPENDED"] => {
                let came_from = if path.len() > 1 { path[path.len() - 2] } else { begin };
                let moved = scene.acme.post(&reactivate, json!({})).await;
                assert_eq!(
                    (&moved["state"], &moved["suspendedFrom"]),
                    (&json!(came_from), &Value::Null)
                );
                assert_eq!(scene.verdict(&subscribed.key).await, verdict_in(came_from));
            }
            [.., "PAUSED"] => assert_eq!(scene.acme.post(&reactivate, json!({})).await["state"], "ACTIVE"),
            _ => {
                let code = scene.refused(409, &reactivate, json!({})).await;
                assert_eq!(code, "illegal-subscription-move", "{begin} {path:?}");
            }
        }
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn an_end_ends_every_binding_and_revokes_every_key_for_good() {
    let scene = Scene::set().await;
    for path in [&["CANCELLED"][..], &["EXPIRING", "EXPIRED"]] {
        let subscribed = stand(&scene, "", "ACTIVE", &[]).await;
        let keys = format!("/subscriptions/{}/keys", subscribed.subscription_id);
        let second = scene.acme.post(&keys, json!({ "name": "second" })).await;
        let suspended = scene.acme.post(&keys, json!({ "name": "suspended" })).await;
        scene
            .acme
            .post(&format!("/keys/{}/suspend", text(&suspended, "id")), json!({}))
            .await;
        let other = scene.subscribe().await;
        let rotated = scene
            .acme
            .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
            .await;
        for to in path {
            go(&scene, 200, &subscribed, to).await;
        }
        for id in [subscribed.key_id.clone(), text(&second, "id"), text(&suspended, "id")] {
            let key = scene.acme.get(&format!("/keys/{id}")).await;
            assert_eq!(
                (&key["status"], &key["subscriptionIds"]),
                (&json!("REVOKED"), &json!([])),
                "{key}"
            );
            assert!(key["revokedAt"].is_string(), "{key}");
            expect(&scene.acme, 409, Method::POST, &format!("/keys/{id}/reactivate"), None).await;
        }
        for secret in [
            &subscribed.key,
            &text(&rotated, "secret"),
            &text(&second, "secret"),
            &text(&suspended, "secret"),
        ] {
            assert_eq!(scene.verdict(secret).await, refusal(401, "credential-revoked"));
        }
        assert_eq!(
            scene.verdict(&other.key).await,
            ok(),
            "another subscription's key goes on"
        );
        assert_eq!(
            scene.refused(409, &keys, json!({})).await,
            "illegal-subscription-move",
            "no key is added"
        );
    }
    scene.app.stop().await;
}
