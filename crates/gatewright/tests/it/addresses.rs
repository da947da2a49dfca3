//! From where a key may be used.

use reqwest::Method;
use serde_json::json;

use crate::scene::{Scene, ok, refusal, text};

fn elsewhere() -> (u16, String) {
    refusal(403, "address-not-allowed")
}

#[tokio::test]
async fn a_key_is_admitted_from_its_addresses_only_and_a_change_holds_at_once() {
    let scene = Scene::set().await;
    let body = json!({
        "customerId": scene.customer, "planId": scene.plan, "key": { "allowedAddresses": ["::ffff:127.0.0.0/104", "2001:db8::/32"] }
    });
    let subscribed = scene.acme.post("/subscriptions", body).await;
    let (id, key) = (text(&subscribed["apiKey"], "id"), text(&subscribed["apiKey"], "secret"));
    let path = format!("/keys/{id}");
    let shown = scene.acme.get(&path).await;
    assert_eq!(shown["allowedAddresses"], json!(["127.0.0.0/8", "2001:db8::/32"]));
    assert_eq!(scene.verdict(&key).await, ok(), "every core knows the key from here on");
    for (list, expected) in [
        (json!(["10.0.0.0/8"]), elsewhere()),
        (json!(["127.0.0.1"]), ok()),
        (json!(["::1"]), elsewhere()),
        (json!(null), ok()),
    ] {
        let change = json!({ "allowedAddresses": list });
        let answer = scene.expect(200, Method::PATCH, &path, Some(change)).await;
        assert!(answer["nodes"][0]["acknowledgedMs"].is_number(), "{answer}");
        assert_eq!(scene.verdict(&key).await, expected, "{list}");
    }
    scene
        .expect(
            200,
            Method::PATCH,
            &path,
            Some(json!({ "allowedAddresses": ["10.0.0.0/8"] })),
        )
        .await;
    let spoofed = scene
        .app
        .client
        .get(format!(
            "{}{}",
            scene.app.process.gateway_url().unwrap(),
            crate::scene::PATH
        ))
        .header("host", "acme.localhost")
        .header("x-api-key", &key)
        .header("x-forwarded-for", "10.0.0.1")
        .header("forwarded", "for=10.0.0.1");
    assert_eq!(
        spoofed.send().await.unwrap().status(),
        403,
        "no header names the address"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn verify_judges_the_address_that_it_is_told() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let path = format!("/keys/{}", subscribed.key_id);
    scene
        .expect(
            200,
            Method::PATCH,
            &path,
            Some(json!({ "allowedAddresses": ["192.0.2.0/24"] })),
        )
        .await;
    for (address, expected) in [
        (json!("192.0.2.9"), json!(null)),
        (json!("::ffff:192.0.2.9"), json!(null)),
        (json!(null), json!(null)),
        (json!("192.0.3.9"), json!("address-not-allowed")),
        (json!("2001:db8::1"), json!("address-not-allowed")),
    ] {
        let body = json!({ "key": subscribed.key, "address": address });
        assert_eq!(
            scene.acme.post("/keys/verify", body).await["code"],
            expected,
            "{address}"
        );
    }
    let wrong = json!({ "key": subscribed.key, "address": "somewhere" });
    let refused = scene.expect(422, Method::POST, "/keys/verify", Some(wrong)).await;
    assert_eq!(refused["errors"][0]["field"], "/address");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_list_of_addresses_has_1_to_64_ranges_without_ambiguity() {
    let scene = Scene::set().await;
    let path = format!("/keys/{}", scene.subscribe().await.key_id);
    let many: Vec<String> = (0..65).map(|at| format!("10.0.{at}.0/24")).collect();
    for (list, field) in [
        (json!([]), "/allowedAddresses"),
        (json!(many), "/allowedAddresses"),
        (json!(["10.0.0.1/8"]), "/allowedAddresses/0"),
        (json!(["10.0.0.0/8", "example.com"]), "/allowedAddresses/1"),
    ] {
        let change = json!({ "allowedAddresses": list });
        let refused = scene.expect(422, Method::PATCH, &path, Some(change)).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let change = json!({ "allowedAddresses": many[..64] });
    scene.expect(200, Method::PATCH, &path, Some(change)).await;
    let consumers = format!("/gateways/{}/consumers", scene.gateway);
    let made = scene
        .acme
        .post(
            &consumers,
            json!({ "name": "Reporting", "allowedAddresses": ["10.0.0.0/8"] }),
        )
        .await;
    assert_eq!(scene.verdict(&text(&made["apiKey"], "secret")).await, elsewhere());
    scene.app.stop().await;
}
