//! A new secret for a key: when the old one ends.

use gatewright_testkit::manual_clock;
use reqwest::Method;
use serde_json::json;

use crate::scene::{Scene, ok, refusal, text};

fn expired() -> (u16, String) {
    refusal(401, "credential-expired")
}

#[tokio::test]
async fn old_and_new_secret_both_pass_during_the_default_overlap_and_only_the_new_one_after() {
    let scene = Scene::set_at(manual_clock()).await;
    // The gateway keeps what it knows of a key for 30 s: one key is known before, the other is not.
    let (known, unknown) = (scene.subscribe().await, scene.subscribe().await);
    assert_eq!(scene.verdict(&known.key).await, ok());
    let mut new = Vec::new();
    for subscribed in [&known, &unknown] {
        let answer = scene
            .acme
            .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
            .await;
        assert_eq!(answer["id"], subscribed.key_id.as_str(), "the key stays the same");
        assert_eq!(answer["secretVersion"], 2);
        assert_eq!(answer["oldSecretValidUntil"], "2027-01-15T08:05:00Z");
        new.push(text(&answer, "secret"));
    }
    for second in [0, 29, 1, 269] {
        scene.advance(second);
        for key in [&known.key, &unknown.key, &new[0], &new[1]] {
            assert_eq!(scene.verdict(key).await, ok(), "{second} s on");
        }
    }
    scene.advance(1);
    for (old, new) in [(&known, &new[0]), (&unknown, &new[1])] {
        assert_eq!(scene.verdict(&old.key).await, expired(), "after 300 s");
        assert_eq!(scene.verdict(new).await, ok());
        let key = scene.acme.get(&format!("/keys/{}", old.key_id)).await;
        assert!(key["oldSecretValidUntil"].is_null(), "{key}");
        assert_eq!(key["lastFour"].as_str().unwrap(), &new[new.len() - 4..]);
    }
    // And still when what the gateway knew is forgotten.
    scene.advance(61);
    assert_eq!(scene.verdict(&known.key).await, expired());
    assert_eq!(scene.verdict(&new[0]).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn the_end_of_an_overlap_holds_for_a_core_that_knew_nothing_of_the_key_until_then() {
    let scene = Scene::set_at(manual_clock()).await;
    let subscribed = scene.subscribe().await;
    scene
        .acme
        .post(
            &format!("/keys/{}/rotate", subscribed.key_id),
            json!({ "overlapSeconds": 7 }),
        )
        .await;
    scene.advance(7);
    assert_eq!(scene.verdict(&subscribed.key).await, expired());
    scene.app.stop().await;
}

#[tokio::test]
async fn an_overlap_of_zero_refuses_the_old_secret_at_once_whether_the_gateway_knew_it_or_not() {
    let scene = Scene::set_at(manual_clock()).await;
    let (known, unknown) = (scene.subscribe().await, scene.subscribe().await);
    assert_eq!(scene.verdict(&known.key).await, ok());
    for subscribed in [known, unknown] {
        let path = format!("/keys/{}/rotate", subscribed.key_id);
        let answer = scene.acme.post(&path, json!({ "overlapSeconds": 0 })).await;
        assert!(answer["nodes"][0]["acknowledgedMs"].is_number(), "{answer}");
        assert!(answer["oldSecretValidUntil"].is_null(), "{answer}");
        assert_eq!(scene.verdict(&subscribed.key).await, expired());
        assert_eq!(scene.verdict(&text(&answer, "secret")).await, ok());
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_rotation_during_an_overlap_is_refused_unless_it_ends_the_overlap() {
    let scene = Scene::set_at(manual_clock()).await;
    let first = scene.subscribe().await;
    assert_eq!(scene.verdict(&first.key).await, ok());
    let path = format!("/keys/{}/rotate", first.key_id);
    let second = text(&scene.acme.post(&path, json!({})).await, "secret");
    assert_eq!(scene.verdict(&second).await, ok());

    assert_eq!(scene.refused(409, &path, json!({})).await, "rotation-in-progress");
    assert_eq!(
        scene.refused(409, &path, json!({ "overlapSeconds": 0 })).await,
        "rotation-in-progress"
    );
    assert_eq!(
        scene.refused(409, &path, json!({ "endOverlap": false })).await,
        "rotation-in-progress"
    );
    assert_eq!(
        scene.verdict(&first.key).await,
        ok(),
        "a refused rotation changes nothing"
    );
    assert_eq!(scene.verdict(&second).await, ok());

    let answer = scene.acme.post(&path, json!({ "endOverlap": true })).await;
    assert_eq!(answer["secretVersion"], 3);
    let third = text(&answer, "secret");
    assert_eq!(scene.verdict(&first.key).await, expired(), "its overlap was ended");
    assert_eq!(scene.verdict(&second).await, ok(), "its overlap has begun");
    assert_eq!(scene.verdict(&third).await, ok());
    scene.advance(300);
    assert_eq!(scene.verdict(&second).await, expired());
    assert_eq!(scene.verdict(&third).await, ok());
    // The overlap is over, so the next rotation needs no word.
    scene.acme.post(&path, json!({})).await;
    scene.app.stop().await;
}

#[tokio::test]
async fn an_overlap_is_at_most_seven_days_long() {
    let scene = Scene::set_at(manual_clock()).await;
    let subscribed = scene.subscribe().await;
    let path = format!("/keys/{}/rotate", subscribed.key_id);
    let week = 7 * 24 * 3600;
    let refused = scene
        .expect(422, Method::POST, &path, Some(json!({ "overlapSeconds": week + 1 })))
        .await;
    assert_eq!(refused["errors"][0]["field"], "/overlapSeconds");
    scene
        .expect(422, Method::POST, &path, Some(json!({ "overlapSeconds": -1 })))
        .await;
    let new = text(
        &scene.acme.post(&path, json!({ "overlapSeconds": week })).await,
        "secret",
    );
    scene.advance(week - 1);
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    scene.advance(1);
    assert_eq!(scene.verdict(&subscribed.key).await, expired());
    assert_eq!(scene.verdict(&new).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn rotating_a_subscription_rotates_every_key_that_is_not_revoked() {
    let scene = Scene::set_at(manual_clock()).await;
    let first = scene.subscribe().await;
    let keys = format!("/subscriptions/{}/keys", first.subscription_id);
    let mut old = vec![(first.key_id.clone(), first.key.clone())];
    for name in ["second", "third"] {
        let answer = scene.acme.post(&keys, json!({ "name": name })).await;
        old.push((text(&answer, "id"), text(&answer, "secret")));
    }
    let revoked = scene.acme.post(&keys, json!({ "name": "revoked" })).await;
    scene
        .acme
        .post(&format!("/keys/{}/revoke", text(&revoked, "id")), json!({}))
        .await;

    let path = format!("/subscriptions/{}/rotate", first.subscription_id);
    let answer = scene.acme.post(&path, json!({ "overlapSeconds": 0 })).await;
    let new = answer["apiKeys"].as_array().unwrap();
    assert_eq!(new.len(), 3, "{answer}");
    for (id, secret) in &old {
        let key = new.iter().find(|key| key["id"] == id.as_str()).unwrap();
        assert_eq!(key["secretVersion"], 2);
        assert_eq!(scene.verdict(secret).await, expired());
        assert_eq!(scene.verdict(&text(key, "secret")).await, ok());
    }
    assert_eq!(
        scene.verdict(&text(&revoked, "secret")).await,
        refusal(401, "credential-revoked")
    );
    scene.app.stop().await;
}

/// A leak: an old key must not be passed over because many newer ones were revoked since.
#[tokio::test]
async fn rotating_a_subscription_also_rotates_a_key_older_than_a_hundred_revoked_ones() {
    let scene = Scene::set_at(manual_clock()).await;
    let oldest = scene.subscribe().await;
    let keys = format!("/subscriptions/{}/keys", oldest.subscription_id);
    for _ in 0..101 {
        // Ids sort by the millisecond in which they were made.
        scene.app.clock.advance(std::time::Duration::from_millis(1));
        let id = scene.acme.create(&keys, json!({})).await;
        scene.acme.post(&format!("/keys/{id}/revoke"), json!({})).await;
    }
    let path = format!("/subscriptions/{}/rotate", oldest.subscription_id);
    let answer = scene.acme.post(&path, json!({ "overlapSeconds": 0 })).await;
    assert_eq!(answer["apiKeys"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(scene.verdict(&oldest.key).await, expired());
    scene.app.stop().await;
}

#[tokio::test]
async fn a_revoked_key_and_a_key_of_an_ended_subscription_cannot_be_rotated() {
    let scene = Scene::set_at(manual_clock()).await;
    let (revoked, ended) = (scene.subscribe().await, scene.subscribe().await);
    scene
        .acme
        .post(&format!("/keys/{}/revoke", revoked.key_id), json!({}))
        .await;
    scene
        .acme
        .post(&format!("/subscriptions/{}/cancel", ended.subscription_id), json!({}))
        .await;
    for key in [&revoked.key_id, &ended.key_id] {
        assert_eq!(
            scene.refused(409, &format!("/keys/{key}/rotate"), json!({})).await,
            "key-state-conflict"
        );
    }
    let path = format!("/subscriptions/{}/rotate", ended.subscription_id);
    assert_eq!(scene.refused(409, &path, json!({})).await, "illegal-subscription-move");
    scene.app.stop().await;
}

#[tokio::test]
async fn revoking_a_key_during_an_overlap_ends_both_secrets_at_once() {
    let scene = Scene::set_at(manual_clock()).await;
    let subscribed = scene.subscribe().await;
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    let new = text(
        &scene
            .acme
            .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
            .await,
        "secret",
    );
    assert_eq!(scene.verdict(&new).await, ok());
    scene
        .acme
        .post(&format!("/keys/{}/revoke", subscribed.key_id), json!({}))
        .await;
    for key in [&subscribed.key, &new] {
        assert_eq!(scene.verdict(key).await, refusal(401, "credential-revoked"));
    }
    scene.app.stop().await;
}
