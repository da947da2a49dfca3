use gatewright_testkit::database;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::Scene;

async fn codes(scene: &Scene, method: Method, path: &str, body: Value) -> (u16, String) {
    let (status, answer) = scene.tenant.call(method, path, Some(body)).await;
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_stops_a_customer_everywhere_and_lifting_it_brings_back_exactly_that() {
    let scene = Scene::with(json!({})).await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let (status, one) = scene.subscribe().await;
        assert_eq!(status, 201, "{one:#}");
        made.push(one);
    }
    let id = |number: usize| made[number]["id"].as_str().unwrap();
    let key = |number: usize| made[number]["apiKey"]["secret"].as_str().unwrap();
    for number in 0..3 {
        scene.until(id(number), "ACTIVE").await;
    }
    // One was stopped before, for another reason: it is no part of this.
    scene
        .tenant
        .post(&format!("/subscriptions/{}/suspend", id(2)), json!({}))
        .await;

    let path = format!("/customers/{}/emergency-suspension", scene.customer_id);
    let stopped = scene.tenant.post(&path, json!({ "reason": "Taken over." })).await;
    assert_eq!(
        (&stopped["reason"], &stopped["remaining"]),
        (&json!("Taken over."), &json!(0)),
        "{stopped:#}"
    );
    let listed = stopped["subscriptions"].as_array().unwrap();
    assert_eq!(listed.len(), 2, "{stopped:#}");
    for one in listed {
        assert_eq!(
            one["state"], "SUSPENDED",
            "our own gateways were told before the answer"
        );
        assert_eq!(one["gateways"].as_array().unwrap().len(), 1);
    }
    assert!(stopped["nodes"][0]["acknowledgedMs"].is_number(), "{stopped:#}");
    for number in 0..2 {
        scene.until(id(number), "SUSPENDED").await;
        assert_ne!(scene.ask(key(number)).await, 200);
    }
    let stands = scene.tenant.get(&path).await;
    assert_eq!(
        stands["subscriptions"][0]["gateways"][0]["state"], "SUSPENDED",
        "{stands:#}"
    );
    assert!(stands["subscriptions"][0]["gateways"][0]["effectiveBy"].is_string());

    // Nothing becomes usable by another way.
    let expected = (409, "customer-suspended".to_owned());
    let back = format!("/subscriptions/{}/reactivate", id(0));
    assert_eq!(codes(&scene, Method::POST, &back, json!({})).await, expected);
    let new = json!({ "customerId": scene.customer_id, "planId": scene.plan_id });
    assert_eq!(codes(&scene, Method::POST, "/subscriptions", new).await, expected);

    let lifted = scene.tenant.post(&format!("{path}/lift"), json!({})).await;
    assert_eq!(lifted["subscriptions"].as_array().unwrap().len(), 2, "{lifted:#}");
    assert!(lifted["suspendedAt"].is_null());
    for number in 0..2 {
        scene.until(id(number), "ACTIVE").await;
        assert_eq!(scene.ask(key(number)).await, 200);
    }
    let other = scene.tenant.get(&format!("/subscriptions/{}", id(2))).await;
    assert_eq!(other["state"], "SUSPENDED", "it was stopped for another reason");
    let again = codes(&scene, Method::POST, &format!("{path}/lift"), json!({})).await;
    assert_eq!(again, (409, "conflict".to_owned()));

    let audit = scene.tenant.get("/audit-events?limit=100").await;
    let why = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|event| event["action"] == "customer.suspended");
    let why = why.unwrap_or_else(|| panic!("{audit:#}"));
    assert!(why.to_string().contains("Taken over."), "{why:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_goes_past_whatever_else_waits_for_a_gateway_that_is_down() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let (id, key) = (made["id"].as_str().unwrap(), made["apiKey"]["secret"].as_str().unwrap());
    scene.until(id, "ACTIVE").await;
    scene.kong.down().await;
    let path = format!("/customers/{}/emergency-suspension", scene.customer_id);
    let stopped = scene.tenant.post(&path, json!({ "reason": "Taken over." })).await;
    assert_eq!(
        stopped["subscriptions"][0]["state"], "SUSPENDED",
        "no gateway that is down is waited for"
    );
    scene.until(id, "UNREACHABLE").await;
    let mut owner = database::connect(&scene.app.database_url).await;
    let urgency: i16 = sqlx::query_scalar("SELECT urgency FROM applications")
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(urgency, 0, "security first");
    scene.kong.up().await.unwrap();
    scene.until(id, "SUSPENDED").await;
    assert_ne!(scene.ask(key).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_customer_is_gone_everywhere_and_its_history_stays() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let key = made["apiKey"]["secret"].as_str().unwrap();
    scene.until(id, "ACTIVE").await;
    let path = format!("/customers/{}", scene.customer_id);
    let (status, _) = scene.tenant.call(Method::DELETE, &path, None).await;
    assert_eq!(status.as_u16(), 204);
    scene.until(id, "REMOVED").await;
    assert_eq!(scene.ask(key).await, 401);
    assert_eq!(scene.tenant.get(&format!("/keys/{key_id}")).await["status"], "REVOKED");
    assert_eq!(
        scene.tenant.get(&format!("/subscriptions/{id}")).await["state"],
        "CANCELLED"
    );
    assert_eq!(scene.tenant.get("/customers").await["items"], json!([]));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(scene.tenant.call(method, &path, None).await.0.as_u16(), 404);
    }
    let new = json!({ "customerId": scene.customer_id, "planId": scene.plan_id });
    assert_eq!(codes(&scene, Method::POST, "/subscriptions", new).await.0, 422);
    assert!(scene.kong.touched().is_empty(), "{:?}", scene.kong.touched());
}
