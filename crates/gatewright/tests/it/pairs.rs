//! Client ids with client secrets.

use gatewright_testkit::manual_clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{Scene, refusal, text};

struct Pair {
    key_id: String,
    client_id: String,
    secret: String,
}

async fn pair(scene: &Scene) -> Pair {
    let body = json!({
        "customerId": scene.customer, "planId": scene.plan, "key": { "accessorType": "CLIENT_CREDENTIALS", "name": "Robot" }
    });
    let answer = scene.acme.post("/subscriptions", body).await;
    let key = &answer["apiKey"];
    assert_eq!(
        (&key["accessorType"], &key["prefix"], &key["name"]),
        (&json!("CLIENT_CREDENTIALS"), &json!("cs_"), &json!("Robot"))
    );
    Pair {
        key_id: text(key, "id"),
        client_id: text(key, "clientId"),
        secret: text(key, "secret"),
    }
}

async fn verify(scene: &Scene, client_id: &str, secret: &str) -> Value {
    let body = json!({ "clientId": client_id, "clientSecret": secret });
    scene.acme.post("/keys/verify", body).await
}

async fn code(scene: &Scene, client_id: &str, secret: &str) -> String {
    let verdict = verify(scene, client_id, secret).await;
    verdict["code"].as_str().unwrap_or("valid").to_owned()
}

#[tokio::test]
async fn a_pair_is_verified_as_a_whole_and_its_secret_opens_nothing_by_itself() {
    let scene = Scene::set().await;
    let (one, other) = (pair(&scene).await, pair(&scene).await);
    assert_eq!((one.client_id.len(), one.secret.len()), (32, 43));
    let verdict = verify(&scene, &one.client_id, &one.secret).await;
    assert_eq!(
        (&verdict["valid"], &verdict["keyId"], &verdict["customerId"]),
        (&json!(true), &json!(one.key_id), &json!(scene.customer))
    );
    let key = scene.subscribe().await.key;
    for (client_id, secret) in [
        (&one.client_id, &other.secret),
        (&other.client_id, &one.secret),
        (&one.secret, &one.secret),
        (&one.client_id, &one.client_id),
        (&one.client_id, &key),
        (&one.client_id, &String::new()),
    ] {
        assert_eq!(
            code(&scene, client_id, secret).await,
            "credential-unknown",
            "{client_id}"
        );
    }
    let verdict = scene.acme.post("/keys/verify", json!({ "key": one.secret })).await;
    assert_eq!(verdict["code"], "credential-unknown", "a secret without its client id");
    let rival = scene.app.tenant("rival").await;
    let body = json!({ "clientId": one.client_id, "clientSecret": one.secret });
    assert_eq!(rival.post("/keys/verify", body).await["code"], "credential-unknown");
    for half in [
        json!({ "clientId": one.client_id }),
        json!({ "clientSecret": one.secret }),
        json!({ "key": key, "clientId": one.client_id, "clientSecret": one.secret }),
        json!({}),
    ] {
        let refused = scene.expect(422, Method::POST, "/keys/verify", Some(half)).await;
        assert!(!refused.to_string().contains(&one.secret), "{refused}");
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn a_native_gateway_refuses_a_pair_cleanly() {
    let scene = Scene::set().await;
    let pair = pair(&scene).await;
    let unknown = refusal(401, "credential-unknown");
    assert_eq!(scene.verdict(&pair.secret).await, unknown);
    assert_eq!(scene.verdict(&pair.client_id).await, unknown);
    assert_eq!(
        scene.verdict(&format!("{}:{}", pair.client_id, pair.secret)).await,
        unknown
    );
    assert!(scene.upstream.seen().is_empty(), "nothing of it reached the service");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_pair_is_rotated_with_an_overlap_suspended_and_revoked() {
    let scene = Scene::set_at(manual_clock()).await;
    let pair = pair(&scene).await;
    let path = format!("/keys/{}", pair.key_id);
    let rotated = scene.acme.post(&format!("{path}/rotate"), json!({})).await;
    assert_eq!(rotated["clientId"], pair.client_id.as_str(), "the public half stays");
    let new = text(&rotated, "secret");
    assert_eq!(new.len(), 43);
    for secret in [&pair.secret, &new] {
        assert_eq!(code(&scene, &pair.client_id, secret).await, "valid");
    }
    scene.advance(300);
    assert_eq!(code(&scene, &pair.client_id, &pair.secret).await, "credential-expired");
    assert_eq!(code(&scene, &pair.client_id, &new).await, "valid");
    scene.acme.post(&format!("{path}/suspend"), json!({})).await;
    assert_eq!(code(&scene, &pair.client_id, &new).await, "credential-suspended");
    scene.acme.post(&format!("{path}/reactivate"), json!({})).await;
    assert_eq!(code(&scene, &pair.client_id, &new).await, "valid");
    scene.acme.post(&format!("{path}/revoke"), json!({})).await;
    assert_eq!(code(&scene, &pair.client_id, &new).await, "credential-revoked");
    scene.app.stop().await;
}
