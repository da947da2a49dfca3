//! Of another tenant's objects nobody reads anything, and nobody changes them.

use gatewright_testkit::{TestApp, Upstream};
use reqwest::Method;
use serde_json::json;

use crate::orchestration::scene::GROUP;
use crate::scene::expect;

use super::{OF_THE_INSTALLATION, World, answer, document, operations, quiet_dump, request, request_with};

#[tokio::test]
async fn no_operation_reaches_an_object_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    let mut operations = operations(&document(&app).await);
    operations.retain(|operation| operation.path.contains("{id}"));
    let (installations, tenants): (Vec<_>, Vec<_>) = operations
        .iter()
        .partition(|operation| OF_THE_INSTALLATION.contains(&operation.id.as_str()));
    assert!(tenants.len() > 35, "{}", tenants.len());
    let before = quiet_dump(&app).await;
    for operation in tenants {
        let request = request_with(&app, operation, &acme, &rival).bearer_auth(&rival.who.token);
        let (status, problem) = answer(request).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (404, &json!("not-found")),
            "{}",
            operation.id
        );
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    // These refuse every operator, and the operator's own audit log says so.
    for operation in installations {
        let request = request_with(&app, operation, &acme, &rival).bearer_auth(&rival.who.token);
        let (status, problem) = answer(request).await;
        assert_eq!(
            (status.as_u16(), &problem["code"]),
            (403, &json!("forbidden")),
            "{}",
            operation.id
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn what_an_operator_reads_shows_nothing_of_another_tenant() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = World::make(&app, "acme", &upstream).await;
    let rival = World::make(&app, "rival", &upstream).await;
    for operation in operations(&document(&app).await) {
        if operation.method != Method::GET || OF_THE_INSTALLATION.contains(&operation.id.as_str()) {
            continue;
        }
        let (status, shown) = answer(request(&app, &operation, &rival).bearer_auth(&rival.who.token)).await;
        assert_eq!(status, 200, "{}: {shown}", operation.id);
        if operation.id.starts_with("list_") {
            assert!(
                !shown["items"].as_array().unwrap().is_empty(),
                "{} shows its own",
                operation.id
            );
        }
        let shown = shown.to_string();
        for id in acme.ids() {
            assert!(!shown.contains(id), "{} shows {id}", operation.id);
        }
    }
    // Filters of lists, too, find nothing of another tenant.
    for path in [
        format!("/subscriptions?customerId={}", acme.customer),
        format!("/keys?subscriptionId={}", acme.subscribed.subscription_id),
        format!("/provisioning/attempts?connectionId={}", acme.connected.broken),
        format!(
            "/provisioning/attempts?subscriptionId={}",
            acme.subscribed.subscription_id
        ),
        format!("/provisioning/dead-letters?connectionId={}", acme.connected.broken),
    ] {
        assert_eq!(
            rival.who.get(&path).await,
            json!({ "items": [], "nextCursor": null }),
            "{path}"
        );
    }
    // Nor does a second id in a path.
    let (acmes, own) = (&acme.product, &rival.connected.id);
    for (method, path, body) in [
        (
            Method::PUT,
            format!("/connections/{own}/mappings/{acmes}"),
            json!({ "scope": [GROUP] }),
        ),
        (
            Method::DELETE,
            format!("/connections/{own}/mappings/{acmes}"),
            json!({}),
        ),
        (
            Method::POST,
            format!(
                "/keys/{}/gateways/{}/reveal",
                rival.subscribed.key_id, acme.connected.id
            ),
            json!({}),
        ),
    ] {
        expect(&rival.who, 404, method, &path, Some(body)).await;
    }
    let verdict = rival
        .who
        .post("/keys/verify", json!({ "key": acme.subscribed.key }))
        .await;
    assert_eq!(
        (&verdict["valid"], &verdict["code"]),
        (&json!(false), &json!("credential-unknown"))
    );
    app.stop().await;
}
