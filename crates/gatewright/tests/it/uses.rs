//! How a key is used, for whoever wonders what would stop working without it.

use std::time::Duration;

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::Wire;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::scene::{PATH, Scene};

/// Long enough for a node to tell several times.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn admitted_requests_are_counted_with_their_addresses_and_refused_ones_are_not() {
    let scene = Scene::set().await;
    let (used, unused) = (scene.subscribe().await, scene.subscribe().await);
    let path = format!("/keys/{}/use", used.key_id);
    let never = json!({ "requests": 0, "addresses": 0 });
    assert_eq!(
        scene.acme.get(&path).await,
        json!({ "lastUsedAt": null, "lastDay": never, "lastWeek": never })
    );
    let mut wire = Wire::connect(scene.app.gateway_addr()).await;
    for _ in 0..5 {
        assert_eq!(wire.get("acme", PATH, &[("x-api-key", &used.key)]).await.status, 200);
        // Known, and not admitted: there is no such route for it.
        assert_eq!(
            wire.get("acme", "/elsewhere", &[("x-api-key", &unused.key)])
                .await
                .status,
            404
        );
    }
    let told = tokio::time::timeout(PATIENCE, async {
        loop {
            let told = scene.acme.get(&path).await;
            if told["lastDay"]["requests"] == 5 {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let told: Value = told.await.expect("the node tells");
    assert_eq!(told["lastDay"], json!({ "requests": 5, "addresses": 1 }));
    assert_eq!(told["lastWeek"], told["lastDay"]);
    assert!(told["lastUsedAt"].is_string(), "{told}");
    assert_eq!(
        scene.acme.get(&format!("/keys/{}/use", unused.key_id)).await["lastUsedAt"],
        Value::Null
    );
    // Developers see the keys of their customer, and no others.
    let role = DeveloperRole::Member;
    let devon = scene
        .app
        .developer(&scene.acme, "acme", &scene.customer, ("devon@example.com", role))
        .await;
    let path = format!("/portal/keys/{}/use", used.key_id);
    assert_eq!(devon.get(&path).await, told);
    let other = scene.acme.customer("Initech").await;
    let stranger = scene
        .app
        .developer(&scene.acme, "acme", &other, ("sam@example.com", role))
        .await;
    let (status, _) = stranger.call(reqwest::Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    scene.app.stop().await;
}
