use reqwest::Method;
use serde_json::json;

use super::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_appears_on_a_secondary_and_its_whole_life_reaches_it() {
    let scene = Scene::with(json!({})).await;
    let (status, made) = scene.subscribe().await;
    assert_eq!(status, 201, "{made:#}");
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let key = made["apiKey"]["secret"].as_str().unwrap();
    let there = scene.until(id, "ACTIVE").await;
    assert_eq!(there["credentials"][0]["state"], "ACTIVE", "{there:#}");
    assert!(there["acknowledgedAt"].is_string() && there["effectiveBy"].is_string());
    assert_eq!(scene.ask(key).await, 200);

    scene
        .tenant
        .post(&format!("/subscriptions/{id}/suspend"), json!({}))
        .await;
    scene.until(id, "SUSPENDED").await;
    assert_ne!(scene.ask(key).await, 200);
    scene
        .tenant
        .post(&format!("/subscriptions/{id}/reactivate"), json!({}))
        .await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(key).await, 200);

    let rotated = scene.tenant.post(&format!("/keys/{key_id}/rotate"), json!({})).await;
    let new = rotated["secret"].as_str().unwrap();
    let there = scene.until(id, "ACTIVE").await;
    assert_eq!(there["credentials"].as_array().unwrap().len(), 2, "{there:#}");
    assert_eq!(
        (scene.ask(key).await, scene.ask(new).await),
        (200, 200),
        "old and new, side by side"
    );

    scene.tenant.post(&format!("/keys/{key_id}/suspend"), json!({})).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!((scene.ask(key).await, scene.ask(new).await), (401, 401));
    scene
        .tenant
        .post(&format!("/keys/{key_id}/reactivate"), json!({}))
        .await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(new).await, 200, "its secret was kept for its return");

    scene
        .tenant
        .post(&format!("/subscriptions/{id}/cancel"), json!({}))
        .await;
    scene.until(id, "REMOVED").await;
    assert_eq!((scene.ask(key).await, scene.ask(new).await), (401, 401));
    assert!(scene.kong.touched().is_empty(), "{:?}", scene.kong.touched());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_revealed_before_the_primary_was_read_back() {
    let scene = Scene::with(json!({ "primary": true })).await;
    let (status, made) = scene.subscribe().await;
    assert_eq!(status, 201, "{made:#}");
    assert_eq!(made["state"], "ACTIVE");
    let there = scene.on_kong(made["id"].as_str().unwrap()).await;
    assert_eq!(there["state"], "ACTIVE", "{there:#}");
    assert_eq!(scene.ask(made["apiKey"]["secret"].as_str().unwrap()).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_primary_refuses_nothing_is_kept() {
    let scene = Scene::with(json!({ "primary": true })).await;
    scene.kong.fail(vendor_fakes::faults::Rule::new(
        "PUT",
        "/consumers/*",
        vendor_fakes::faults::Fault::ConflictForeign,
    ));
    let body = json!({ "customerId": scene.customer_id, "planId": scene.plan_id });
    let (status, problem) = scene.tenant.call(Method::POST, "/subscriptions", Some(body)).await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (502, Some("gateway-refused")),
        "{problem:#}"
    );
    let all = scene.tenant.get("/subscriptions").await;
    assert_eq!(all["items"][0]["state"], "CANCELLED");
    assert!(scene.kong.touched().is_empty(), "{:?}", scene.kong.touched());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_the_gateway_made_is_revealed_once() {
    let scene = Scene::with(json!({ "secretMode": "GATEWAY_GENERATED" })).await;
    let (_, made) = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let there = scene.until(id, "ACTIVE").await;
    assert_eq!(there["credentials"][0]["secret"], "READY", "{there:#}");
    let path = format!("/keys/{key_id}/gateways/{}/reveal", scene.connection_id);
    let revealed = scene.tenant.post(&path, json!({})).await;
    let secret = revealed["secret"].as_str().unwrap();
    assert_ne!(secret, made["apiKey"]["secret"].as_str().unwrap());
    assert_eq!(scene.ask(secret).await, 200);
    let (status, problem) = scene.tenant.call(Method::POST, &path, Some(json!({}))).await;
    assert_eq!(
        (status.as_u16(), problem["code"].as_str()),
        (409, Some("nothing-to-reveal"))
    );
    assert_eq!(scene.on_kong(id).await["credentials"][0]["secret"], "REVEALED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_secondary_is_not_waited_for_and_heals_by_itself() {
    let scene = Scene::with(json!({})).await;
    scene.kong.down().await;
    let (status, made) = scene.subscribe().await;
    assert_eq!(status, 201);
    let id = made["id"].as_str().unwrap();
    let there = scene.until(id, "UNREACHABLE").await;
    assert!(
        there["lastError"].is_string() && there["failingSince"].is_string() && there["nextTryAt"].is_string(),
        "{there:#}"
    );
    scene.kong.up().await.unwrap();
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.ask(made["apiKey"]["secret"].as_str().unwrap()).await, 200);
}
