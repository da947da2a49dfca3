//! Nothing is done for whom no token speaks, and an installation's token does nothing inside a tenant.

use gatewright_testkit::{TestApp, Upstream};
use serde_json::{Value, json};

use super::{OF_THE_INSTALLATION, World, answer, document, operations, quiet_dump, request};

/// An operator's token of the right form that nobody holds.
fn invented(token: &str) -> String {
    let last = token.chars().last().unwrap();
    format!("{}{}", &token[..token.len() - 1], if last == 'a' { 'b' } else { 'a' })
}

#[tokio::test]
async fn every_operation_is_denied_without_a_token_that_somebody_holds() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let before = quiet_dump(&app).await;
    let token = &world.who.token;
    let mut values: Vec<Option<Vec<u8>>> = vec![None];
    for text in [
        format!("Bearer {}", invented(token)),
        format!("Bearer gwi_{}", &token[4..]),
        format!("Bearer {}", world.subscribed.key),
        format!("Bearer {token}{token}"),
        format!("Basic {token}"),
        token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        String::new(),
    ] {
        values.push(Some(text.into_bytes()));
    }
    values.push(Some(b"Bearer gwo_\xff".to_vec()));
    for operation in operations(&document(&app).await) {
        for value in &values {
            let mut request = request(&app, &operation, &world);
            if let Some(value) = value {
                request = request.header(
                    "authorization",
                    reqwest::header::HeaderValue::from_bytes(value).unwrap(),
                );
            }
            let response = request.send().await.unwrap();
            let shown = value.as_deref().map(String::from_utf8_lossy);
            assert_eq!(response.status(), 401, "{} with {shown:?}", operation.id);
            assert!(response.headers().contains_key("www-authenticate"));
            let problem: Value = response.json().await.unwrap();
            assert_eq!(problem["code"], "unauthenticated", "{}", operation.id);
        }
    }
    assert_eq!(quiet_dump(&app).await, before, "nothing has changed");
    app.stop().await;
}

#[tokio::test]
async fn an_installation_creates_and_lists_tenants_and_sees_nothing_inside_of_one() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let world = World::make(&app, "acme", &upstream).await;
    let installation = app.installation_token().await;
    for operation in operations(&document(&app).await) {
        let (status, shown) = answer(request(&app, &operation, &world).bearer_auth(&installation)).await;
        match operation.id.as_str() {
            "create_tenant" => assert_eq!(status, 201, "{shown}"),
            "list_tenants" | "list_nodes" | "list_installation_audit_events" => assert_eq!(status, 200, "{shown}"),
            "create_enrollment_code" => assert_eq!(status, 201, "{shown}"),
            "drain_node" | "revoke_node" => assert_eq!(status, 404, "{shown}"),
            id => assert_eq!((status.as_u16(), &shown["code"]), (403, &json!("forbidden")), "{id}"),
        }
        if operation.id == "create_tenant" || OF_THE_INSTALLATION.contains(&operation.id.as_str()) {
            let (status, shown) = answer(request(&app, &operation, &world).bearer_auth(&world.who.token)).await;
            assert_eq!((status.as_u16(), &shown["code"]), (403, &json!("forbidden")));
        }
    }
    let tenants = app.holder(&installation).get("/tenants").await;
    assert_eq!(tenants["items"].as_array().unwrap().len(), 2, "{tenants}");
    app.stop().await;
}
