//! API consumers: a name and a key on one gateway, without product or plan.

use gatewright_testkit::{TestTenant, Wire};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene, expect, ok, refusal, text};

#[tokio::test]
async fn a_consumer_opens_every_secure_route_of_its_gateway_and_of_no_other() {
    let scene = Scene::set().await;
    scene
        .acme
        .secure_route(&scene.gateway, &scene.service, "GET", "/internal", None)
        .await;
    let other = scene.acme.gateway("other").await;
    let service = scene.acme.service(&other, "translation", &scene.upstream.url()).await;
    scene
        .acme
        .secure_route(&other, &service, "GET", PATH, Some(&scene.product))
        .await;
    scene
        .acme
        .secure_route(&other, &service, "GET", "/internal", None)
        .await;

    let (id, consumer) = scene.acme.consumer(&scene.gateway, "Reporting").await;
    for path in [PATH, "/internal"] {
        assert_eq!(
            scene.app.asked_everywhere("acme", path, &consumer.key).await,
            ok(),
            "{path}"
        );
        let elsewhere = scene.app.asked_everywhere("other", path, &consumer.key).await;
        assert_eq!(elsewhere, refusal(403, "credential-out-of-scope"), "{path}");
    }
    let seen = scene.upstream.seen().pop().unwrap();
    assert_eq!(seen.headers["x-gatewright-consumer"], id.as_str());
    assert_eq!(seen.headers["x-gatewright-key-id"], consumer.key_id.as_str());

    let verify = async |body: Value| scene.acme.post("/keys/verify", body).await;
    let here = verify(json!({ "key": consumer.key, "gatewayId": scene.gateway })).await;
    assert_eq!(
        (&here["valid"], &here["consumerId"]),
        (&json!(true), &json!(id)),
        "{here}"
    );
    let there = verify(json!({ "key": consumer.key, "gatewayId": other })).await;
    assert_eq!(there["code"], "credential-out-of-scope");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_consumer_s_key_is_shown_once_and_works_in_the_gateway_s_environment() {
    let scene = Scene::set().await;
    let sandbox = scene.acme.gateway_in("sandbox", "TEST").await;
    let service = scene.acme.service(&sandbox, "translation", &scene.upstream.url()).await;
    scene.acme.secure_route(&sandbox, &service, "GET", PATH, None).await;
    let body = json!({ "name": "Ada", "kind": "USER" });
    let answer = scene.acme.post(&format!("/gateways/{sandbox}/consumers"), body).await;
    let key = text(&answer["apiKey"], "secret");
    assert!(key.starts_with("sk_test_"));
    assert_eq!(scene.app.asked_everywhere("sandbox", PATH, &key).await, ok());
    let shown = scene.acme.get(&format!("/consumers/{}", text(&answer, "id"))).await;
    assert_eq!((&shown["kind"], &shown["name"]), (&json!("USER"), &json!("Ada")));
    for path in [
        format!("/gateways/{sandbox}/consumers"),
        format!("/consumers/{}", text(&answer, "id")),
    ] {
        assert!(!scene.acme.get(&path).await.to_string().contains(&key), "{path}");
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_deleted_consumer_is_refused_from_the_answer_on() {
    let scene = Scene::set().await;
    let (id, consumer) = scene.acme.consumer(&scene.gateway, "Reporting").await;
    let (_, other) = scene.acme.consumer(&scene.gateway, "Reporting too").await;
    // A second key and a secret that is being rotated end with it.
    let keys = format!("/subscriptions/{}/keys", consumer.subscription_id);
    let second = text(&scene.acme.post(&keys, json!({})).await, "secret");
    let rotated = scene
        .acme
        .post(&format!("/keys/{}/rotate", consumer.key_id), json!({}))
        .await;
    let all = [consumer.key.clone(), second, text(&rotated, "secret")];
    for key in &all {
        assert_eq!(scene.verdict(key).await, ok());
    }
    let mut wires = Vec::new();
    for _ in 0..8 {
        wires.push(Wire::connect(scene.app.gateway_addr()).await);
    }
    scene
        .expect(204, Method::DELETE, &format!("/consumers/{id}"), None)
        .await;
    for wire in &mut wires {
        for key in &all {
            let answer = wire.get("acme", PATH, &[("x-api-key", key)]).await;
            assert_eq!((answer.status, answer.code().as_str()), (401, "credential-revoked"));
        }
    }
    assert_eq!(scene.verdict(&other.key).await, ok(), "others go on");
    scene.expect(404, Method::GET, &format!("/consumers/{id}"), None).await;
    scene
        .expect(404, Method::DELETE, &format!("/consumers/{id}"), None)
        .await;
    let left = scene.acme.get(&format!("/gateways/{}/consumers", scene.gateway)).await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    scene.app.stop().await;
}

async fn ids(who: &TestTenant, path: &str) -> Vec<String> {
    who.get(path).await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| text(item, "id"))
        .collect()
}

#[tokio::test]
async fn the_customer_plan_and_subscription_behind_a_consumer_stay_out_of_lists() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let answer = scene
        .acme
        .post(
            &format!("/gateways/{}/consumers", scene.gateway),
            json!({ "name": "App" }),
        )
        .await;
    let (customer, subscription) = (text(&answer, "customerId"), text(&answer, "subscriptionId"));
    assert_eq!(ids(&scene.acme, "/customers").await, [scene.customer.as_str()]);
    assert_eq!(ids(&scene.acme, "/plans").await, [scene.plan.as_str()]);
    assert_eq!(ids(&scene.acme, "/subscriptions").await, [subscribed.subscription_id]);
    assert_eq!(
        ids(&scene.acme, &format!("/subscriptions?customerId={customer}")).await,
        [""; 0]
    );
    expect(&scene.acme, 404, Method::GET, &format!("/customers/{customer}"), None).await;
    // Whoever knows its id may look at it, because every move of it is open to them.
    let shown = scene.acme.get(&format!("/subscriptions/{subscription}")).await;
    assert_eq!(shown["state"], "ACTIVE");
    expect(
        &scene.acme,
        404,
        Method::PATCH,
        &format!("/customers/{customer}"),
        Some(json!({ "name": "Mine" })),
    )
    .await;
    let body = json!({ "customerId": customer, "planId": scene.plan });
    assert_eq!(scene.refused(422, "/subscriptions", body).await, "validation-failed");
    scene.app.stop().await;
}
