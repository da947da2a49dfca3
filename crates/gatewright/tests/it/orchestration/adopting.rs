//! Consumers that a gateway had before us.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};

use super::scene::{GROUP, Scene};

/// The fake's consumer in [`GROUP`], its key's secret, and the key's id.
const OLD: &str = "00000050-0000-4000-8000-000000000001";
const OLD_SECRET: &str = "legacy-mobile-key-0001";

async fn adopt(scene: &Scene, remote_id: &str) -> Value {
    let path = format!("/connections/{}/adoptions", scene.connection_id);
    let body = json!({ "remoteId": remote_id, "planId": scene.plan_id, "customer": { "name": "Mobile" } });
    let (status, body) = scene.tenant.call(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 201, "{body:#}");
    body
}

async fn admin(scene: &Scene, method: Method, path: &str, body: Value) -> Value {
    let url = format!("{}{path}", scene.kong.admin_url());
    let answer = scene.app.client.request(method, url).json(&body).send().await.unwrap();
    answer.json().await.unwrap_or_default()
}

/// Keys that Kong has under a consumer.
async fn keys_of(scene: &Scene, consumer: &str) -> usize {
    let path = format!("/consumers/{consumer}/key-auth");
    admin(scene, Method::GET, &path, Value::Null).await["data"]
        .as_array()
        .unwrap()
        .len()
}

/// Waits until a key is not admitted, 10 s at most.
async fn refused(scene: &Scene, key: &str) {
    for _ in 0..200 {
        if scene.ask(key).await != 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the key is still admitted");
}

#[tokio::test]
async fn a_consumer_that_was_there_becomes_a_subscription_and_its_key_goes_on_working() {
    let scene = Scene::with(json!({})).await;
    let path = format!("/connections/{}/adoptable", scene.connection_id);
    let shown = scene.tenant.get(&path).await;
    assert!(!shown.to_string().contains(OLD_SECRET), "{shown:#}");
    let candidates = shown["items"].as_array().unwrap();
    let old = candidates.iter().find(|one| one["remoteId"] == OLD).unwrap();
    assert_eq!(old["plans"][0]["planId"], scene.plan_id.as_str());
    assert_eq!(old["keys"][0]["takenOver"], true);
    let other = candidates.iter().find(|one| one["name"] == "partner-acme").unwrap();
    assert_eq!(other["plans"], json!([]));

    let adopted = adopt(&scene, OLD).await;
    assert!(!adopted.to_string().contains(OLD_SECRET), "{adopted:#}");
    let subscription = adopted["subscription"]["id"].as_str().unwrap();
    let key = adopted["keys"][0]["id"].as_str().unwrap();
    scene.until(subscription, "ACTIVE").await;
    assert_eq!(scene.ask(OLD_SECRET).await, 200);
    assert_eq!(keys_of(&scene, OLD).await, 0, "ours is in its place");

    // What is ours has our whole life: suspended, reactivated, rotated, revoked.
    let suspend = format!("/keys/{key}/suspend");
    scene.tenant.call(Method::POST, &suspend, None).await;
    refused(&scene, OLD_SECRET).await;
    let reactivate = format!("/keys/{key}/reactivate");
    scene.tenant.call(Method::POST, &reactivate, None).await;
    scene.until(subscription, "ACTIVE").await;
    assert_eq!(
        scene.ask(OLD_SECRET).await,
        200,
        "its copy was kept while it was suspended"
    );
    let rotate = format!("/keys/{key}/rotate");
    let (_, rotated) = scene
        .tenant
        .call(Method::POST, &rotate, Some(json!({ "overlapSeconds": 0 })))
        .await;
    scene.until(subscription, "ACTIVE").await;
    assert_ne!(scene.ask(OLD_SECRET).await, 200);
    assert_eq!(scene.ask(rotated["secret"].as_str().unwrap()).await, 200);

    let (status, again) = {
        let path = format!("/connections/{}/adoptions", scene.connection_id);
        let body = json!({ "remoteId": OLD, "planId": scene.plan_id, "customer": { "name": "Twice" } });
        scene.tenant.call(Method::POST, &path, Some(body)).await
    };
    assert_eq!(
        (status.as_u16(), again["code"].as_str()),
        (422, Some("cannot-honor")),
        "it has no keys: {again:#}"
    );
}

#[tokio::test]
async fn what_cannot_be_taken_over_works_until_the_overlap_of_its_first_rotation_has_ended() {
    let scene = Scene::with(json!({})).await;
    let consumer = admin(&scene, Method::POST, "/consumers", json!({ "username": "by-hand" })).await;
    let consumer = consumer["id"].as_str().unwrap().to_owned();
    let (keys, groups) = (
        format!("/consumers/{consumer}/key-auth"),
        format!("/consumers/{consumer}/acls"),
    );
    admin(&scene, Method::POST, &keys, json!({ "key": "too-short" })).await;
    admin(&scene, Method::POST, &groups, json!({ "group": GROUP })).await;
    assert_eq!(scene.ask("too-short").await, 200);

    let adopted = adopt(&scene, &consumer).await;
    let subscription = adopted["subscription"]["id"].as_str().unwrap().to_owned();
    let key = adopted["keys"][0]["id"].as_str().unwrap().to_owned();
    assert!(adopted["keys"][0]["secretWithdrawnAt"].is_string(), "{adopted:#}");
    assert_eq!(scene.ask("too-short").await, 200, "its customer notices nothing");

    let rotate = format!("/keys/{key}/rotate");
    let (status, rotated) = scene.tenant.call(Method::POST, &rotate, Some(json!({}))).await;
    assert_eq!(status, 200, "{rotated:#}");
    scene.until(&subscription, "ACTIVE").await;
    assert_eq!(scene.ask(rotated["secret"].as_str().unwrap()).await, 200);
    assert_eq!(scene.ask("too-short").await, 200, "the overlap goes on");

    // Security goes first: what is revoked is not admitted under its old name either.
    let revoke = format!("/keys/{key}/revoke");
    scene.tenant.call(Method::POST, &revoke, None).await;
    refused(&scene, "too-short").await;
    assert_eq!(keys_of(&scene, &consumer).await, 0);
}

#[tokio::test]
async fn the_end_of_that_overlap_is_what_the_rotation_says_and_after_a_leak_it_is_at_once() {
    let scene = Scene::with(json!({})).await;
    let consumer = admin(&scene, Method::POST, "/consumers", json!({ "username": "by-hand" })).await;
    let consumer = consumer["id"].as_str().unwrap().to_owned();
    let group = json!({ "group": GROUP });
    admin(&scene, Method::POST, &format!("/consumers/{consumer}/acls"), group).await;
    for key in ["short-one", "short-two"] {
        admin(
            &scene,
            Method::POST,
            &format!("/consumers/{consumer}/key-auth"),
            json!({ "key": key }),
        )
        .await;
    }
    let adopted = adopt(&scene, &consumer).await;
    let rows = admin(
        &scene,
        Method::GET,
        &format!("/consumers/{consumer}/key-auth"),
        Value::Null,
    )
    .await;
    for (old, overlap) in [("short-one", 0), ("short-two", 2)] {
        let row = rows["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["key"] == old)
            .unwrap();
        let keys = adopted["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["remoteId"] == row["id"]).unwrap();
        let rotate = format!("/keys/{}/rotate", key["id"].as_str().unwrap());
        let body = json!({ "overlapSeconds": overlap });
        let (status, rotated) = scene.tenant.call(Method::POST, &rotate, Some(body)).await;
        assert_eq!(status, 200, "{rotated:#}");
        refused(&scene, old).await;
        scene
            .until(adopted["subscription"]["id"].as_str().unwrap(), "ACTIVE")
            .await;
        assert_eq!(scene.ask(rotated["secret"].as_str().unwrap()).await, 200);
    }
    assert_eq!(keys_of(&scene, &consumer).await, 0);
}

#[tokio::test]
async fn a_plan_that_opens_something_else_is_refused_unless_that_is_meant() {
    let scene = Scene::with(json!({})).await;
    let partner = "00000050-0000-4000-8000-000000000002";
    let path = format!("/connections/{}/adoptions", scene.connection_id);
    let mut body = json!({ "remoteId": partner, "planId": scene.plan_id, "customerId": scene.customer_id });
    let (status, refused) = scene.tenant.call(Method::POST, &path, Some(body.clone())).await;
    assert_eq!(
        (status.as_u16(), refused["code"].as_str()),
        (422, Some("cannot-honor")),
        "{refused:#}"
    );
    let words = refused["detail"].as_str().unwrap();
    assert!(
        words.contains("prod-orders") && words.contains("prod-payments"),
        "{words}"
    );
    body["acceptScopeChange"] = json!(true);
    let (status, adopted) = scene.tenant.call(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 201, "{adopted:#}");
    let subscription = adopted["subscription"]["id"].as_str().unwrap();
    scene.until(subscription, "ACTIVE").await;
    assert_eq!(scene.ask("partner-acme-key-0001").await, 200);
}

#[tokio::test]
async fn a_gateway_that_dies_between_taking_away_and_giving_back_gets_the_key_when_it_is_there_again() {
    let scene = Scene::with(json!({})).await;
    // The first key that is made is lost on its way, and so are the next.
    let rule = Rule::new("POST", "/consumers/*/key-auth", Fault::DropBefore);
    scene.kong.fail(Rule { times: Some(2), ..rule });
    let adopted = adopt(&scene, OLD).await;
    let subscription = adopted["subscription"]["id"].as_str().unwrap();
    scene.until(subscription, "ACTIVE").await;
    assert_eq!(scene.ask(OLD_SECRET).await, 200);
    assert_eq!(keys_of(&scene, OLD).await, 0);
}
