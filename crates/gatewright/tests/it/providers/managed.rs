//! What operators do with providers.

use gatewright_identity::providers::PROVIDERS_PER_TENANT_MAX;
use gatewright_testkit::database;
use reqwest::Method;
use serde_json::json;

use super::stand_in::CLIENT_SECRET;
use super::{Scene, problem};
use crate::scene::text;

#[tokio::test]
async fn a_client_secret_is_shown_to_nobody_and_kept_sealed() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let path = format!("/identity-providers/{provider}");
    scene.signed_in(&stand_in, &provider).await;
    let mut shown = scene.acme.get(&path).await.to_string();
    let (_, changed) = scene
        .acme
        .call(Method::PATCH, &path, Some(json!({ "clientSecret": "another one" })))
        .await;
    shown.push_str(&changed.to_string());
    shown.push_str(&scene.acme.get("/identity-providers").await.to_string());
    shown.push_str(&scene.acme.get("/audit-events").await.to_string());
    for (_, row) in database::deeds(&scene.app.database_url).await {
        shown.push_str(&row);
    }
    for secret in [CLIENT_SECRET, "another one", "at-of-the-stand-in"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    // The other one holds at once, and what it replaced is nowhere.
    assert_eq!(
        problem(&scene.sign_in(&stand_in, &provider).await),
        (502, "provider-failed")
    );
    scene
        .acme
        .call(Method::PATCH, &path, Some(json!({ "clientSecret": CLIENT_SECRET })))
        .await;
    scene.signed_in(&stand_in, &provider).await;
}

#[tokio::test]
async fn two_who_change_a_provider_do_not_overwrite_each_other() {
    let scene = Scene::set().await;
    let provider = scene
        .provider("GITHUB", "GitHub", "https://git.example.com", json!({}))
        .await;
    let path = format!("/identity-providers/{provider}");
    let read = scene.acme.request(Method::GET, &path).send().await.unwrap();
    let tag = read.headers()["etag"].to_str().unwrap().to_owned();
    let change = async |body: serde_json::Value| {
        let request = scene
            .acme
            .request(Method::PATCH, &path)
            .header("if-match", &tag)
            .json(&body);
        request.send().await.unwrap().status().as_u16()
    };
    // A secret that is replaced is a change, although nobody sees it.
    scene.app.clock.advance(std::time::Duration::from_millis(1));
    assert_eq!(change(json!({ "clientSecret": "new" })).await, 200);
    assert_eq!(change(json!({ "name": "Octo" })).await, 412);
    for (body, field) in [
        (json!({ "issuer": "https://evil.example" }), "issuer"),
        (json!({ "kind": "OIDC" }), "kind"),
    ] {
        let refused = scene.acme.call(Method::PATCH, &path, Some(body)).await;
        assert_eq!(refused.0, 422, "{field} stays: {}", refused.1);
    }
}

#[tokio::test]
async fn what_cannot_be_a_provider_is_said_by_field() {
    let scene = Scene::set().await;
    scene
        .provider("GITHUB", "GitHub", "https://github.com", json!({}))
        .await;
    let made = async |body: serde_json::Value| {
        let (status, answer) = scene.acme.call(Method::POST, "/identity-providers", Some(body)).await;
        (
            status.as_u16(),
            answer["errors"][0]["field"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let base = json!({ "kind": "GITHUB", "name": "Another", "clientId": "a", "clientSecret": "b" });
    let with = |field: &str, value: serde_json::Value| {
        let mut body = base.clone();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("name", json!("")),
        ("clientId", json!("")),
        ("clientSecret", json!("")),
        ("clientSecret", json!("x".repeat(1025))),
        ("issuer", json!("https://github.example.com/path")),
    ] {
        assert_eq!(
            made(with(field, value.clone())).await,
            (422, format!("/{field}")),
            "{value}"
        );
    }
    let google = json!({ "kind": "GOOGLE", "name": "G", "issuer": "https://evil.example", "clientId": "a", "clientSecret": "b" });
    assert_eq!(made(google).await, (422, "/issuer".to_owned()));
    assert_eq!(
        made(json!({ "kind": "OIDC", "name": "O", "clientId": "a", "clientSecret": "b" })).await,
        (422, "/issuer".to_owned())
    );
    let taken = scene
        .acme
        .call(Method::POST, "/identity-providers", Some(with("name", json!("github"))))
        .await;
    assert_eq!((taken.0.as_u16(), text(&taken.1, "code").as_str()), (409, "conflict"));
    for number in 1..PROVIDERS_PER_TENANT_MAX {
        scene
            .acme
            .post("/identity-providers", with("name", json!(format!("GitHub {number}"))))
            .await;
    }
    let full = scene
        .acme
        .call(
            Method::POST,
            "/identity-providers",
            Some(with("name", json!("one more"))),
        )
        .await;
    assert_eq!(
        (full.0.as_u16(), text(&full.1, "code").as_str()),
        (409, "limit-reached")
    );
}

#[tokio::test]
async fn a_provider_that_is_deleted_takes_its_identities_and_nobody_along() {
    let scene = Scene::set().await;
    let (stand_in, provider) = scene.stand_in("Globex").await;
    let session = scene.signed_in(&stand_in, &provider).await;
    let away = scene.begin(&provider).await;
    let (status, _) = scene
        .acme
        .call(Method::DELETE, &format!("/identity-providers/{provider}"), None)
        .await;
    assert_eq!(status, 204);
    let (_, identities) = scene
        .call(Method::GET, "/account/identities", Some(&session), None)
        .await;
    assert_eq!(identities["items"], json!([]));
    assert_eq!(scene.people().await, 1);
    let came = stand_in.visit(&away.url);
    assert_eq!(
        problem(&scene.complete(&away, &came, Some(&stand_in.url)).await),
        (403, "code-invalid")
    );
}
