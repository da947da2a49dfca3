//! Operators and their tokens: who may make whom, when a token ends, and that an owner remains.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant, manual_clock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{expect, text};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn code(who: &TestTenant, status: u16, method: Method, path: &str, body: Value) -> String {
    text(&expect(who, status, method, path, Some(body)).await, "code")
}

/// What the API says to a token: the status, and the problem's code.
async fn says(who: &TestTenant) -> (u16, String) {
    let (status, answer) = who.call(Method::GET, "/products", None).await;
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_token_ends_by_its_time_by_being_withdrawn_and_with_its_operator() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (id, _) = acme.colleague("PRODUCT").await;
    let tokens = format!("/operators/{id}/tokens");
    let fine = refused(200, "");
    let holder = |made: &Value| TestTenant {
        token: text(made, "secret"),
        ..acme.clone()
    };

    let standard = acme.post(&tokens, json!({ "name": "standard" })).await;
    assert_eq!(standard["scopes"], Value::Null);
    let soon = app.clock.now() + chrono::TimeDelta::days(1);
    let short = acme.post(&tokens, json!({ "name": "short", "expiresAt": soon })).await;
    for expires_at in [app.clock.now(), app.clock.now() + chrono::TimeDelta::days(367)] {
        let body = json!({ "name": "odd", "expiresAt": expires_at });
        assert_eq!(code(&acme, 422, Method::POST, &tokens, body).await, "validation-failed");
    }
    assert_eq!(
        (says(&holder(&standard)).await, says(&holder(&short)).await),
        (fine.clone(), fine.clone())
    );
    app.clock.advance(DAY);
    assert_eq!(says(&holder(&short)).await, refused(401, "token-expired"));
    assert_eq!(says(&holder(&standard)).await, fine);
    app.clock.advance(88 * DAY);
    assert_eq!(says(&holder(&standard)).await, fine, "89 days");
    app.clock.advance(DAY);
    assert_eq!(says(&holder(&standard)).await, refused(401, "token-expired"), "90 days");
    assert_eq!(says(&acme).await, fine, "what came with the tenant does not end");

    let other = acme.post(&tokens, json!({ "name": "other" })).await;
    let path = format!("{tokens}/{}", text(&other, "id"));
    expect(&acme, 204, Method::DELETE, &path, None).await;
    assert_eq!(says(&holder(&other)).await, refused(401, "token-revoked"));
    expect(&acme, 204, Method::DELETE, &path, None).await;
    let listed = acme.get(&tokens).await;
    let mut names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|token| text(token, "name"))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["other", "short", "standard", "test"]);
    assert!(!listed.to_string().contains(&text(&other, "secret")));

    let last = acme.post(&tokens, json!({ "name": "last" })).await;
    let operator = format!("/operators/{id}");
    expect(
        &acme,
        200,
        Method::PATCH,
        &operator,
        Some(json!({ "state": "SUSPENDED" })),
    )
    .await;
    assert_eq!(says(&holder(&last)).await, refused(403, "operator-suspended"));
    expect(&acme, 200, Method::PATCH, &operator, Some(json!({ "state": "ACTIVE" }))).await;
    assert_eq!(says(&holder(&last)).await, fine);
    expect(&acme, 204, Method::DELETE, &operator, None).await;
    assert_eq!(says(&holder(&last)).await, refused(401, "unauthenticated"));
    app.stop().await;
}

#[tokio::test]
async fn a_changed_role_takes_effect_with_the_next_request() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (id, who) = acme.colleague("SUPPORT").await;
    let body = json!({ "kind": "API", "name": "Translation API" });
    assert_eq!(
        code(&who, 403, Method::POST, "/products", body.clone()).await,
        "forbidden"
    );
    let path = format!("/operators/{id}");
    expect(&acme, 200, Method::PATCH, &path, Some(json!({ "role": "PRODUCT" }))).await;
    expect(&who, 201, Method::POST, "/products", Some(body.clone())).await;
    expect(&acme, 200, Method::PATCH, &path, Some(json!({ "role": "AUDITOR" }))).await;
    assert_eq!(code(&who, 403, Method::POST, "/products", body).await, "forbidden");
    app.stop().await;
}

#[tokio::test]
async fn nobody_gives_or_takes_more_than_they_have() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (admin_id, admin) = acme.colleague("ADMIN").await;
    let (owner_id, _) = acme.colleague("OWNER").await;
    let (support_id, _) = acme.colleague("SUPPORT").await;
    let new = |role: &str| json!({ "name": "Ada", "email": format!("{role}@example.com"), "role": role });
    let owner = format!("/operators/{owner_id}");
    for (method, path, body) in [
        (Method::POST, "/operators".to_owned(), new("OWNER")),
        (
            Method::PATCH,
            format!("/operators/{admin_id}"),
            json!({ "role": "OWNER" }),
        ),
        (Method::PATCH, owner.clone(), json!({ "name": "Renamed" })),
        (Method::PATCH, owner.clone(), json!({ "role": "AUDITOR" })),
        (Method::DELETE, owner.clone(), json!({})),
        (Method::POST, format!("{owner}/tokens"), json!({ "name": "mine" })),
    ] {
        let problem = expect(&admin, 403, method.clone(), &path, Some(body)).await;
        assert_eq!(problem["permission"], "OWNERS_MANAGE", "{method} {path}: {problem}");
    }
    expect(&admin, 201, Method::POST, "/operators", Some(new("ADMIN"))).await;

    // A token that is narrowed makes none that is not, and none that allows more.
    let scopes = json!({ "name": "narrow", "scopes": ["ACCOUNT_MANAGE", "OPERATORS_MANAGE", "KEYS_READ"] });
    let narrow = TestTenant {
        token: acme.token_of(&owner_id, scopes).await,
        ..acme.clone()
    };
    let tokens = format!("{owner}/tokens");
    let problem = expect(&narrow, 422, Method::POST, &tokens, Some(json!({ "name": "wide" }))).await;
    assert_eq!(problem["errors"][0]["field"], "/scopes");
    let wider = json!({ "name": "wider", "scopes": ["KEYS_READ", "KEYS_MANAGE"] });
    let problem = expect(&narrow, 403, Method::POST, &tokens, Some(wider)).await;
    assert_eq!(problem["permission"], "KEYS_MANAGE");
    expect(
        &narrow,
        201,
        Method::POST,
        &tokens,
        Some(json!({ "name": "as narrow", "scopes": ["KEYS_READ"] })),
    )
    .await;
    let problem = expect(&narrow, 403, Method::DELETE, &format!("/operators/{support_id}"), None).await;
    assert_eq!(problem["code"], "forbidden");

    for (scopes, what) in [
        (json!([]), "none"),
        (json!(["KEYS_READ", "KEYS_READ"]), "twice"),
        (json!(["ALL"]), "unknown"),
    ] {
        let body = json!({ "name": what, "scopes": scopes });
        assert_eq!(
            code(&acme, 422, Method::POST, &tokens, body).await,
            "validation-failed",
            "{what}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn the_last_owner_stays_even_when_two_remove_each_other() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let operators = acme.get("/operators").await;
    let first = format!("/operators/{}", text(&operators["items"][0], "id"));
    for (method, body) in [
        (Method::DELETE, json!({})),
        (Method::PATCH, json!({ "role": "ADMIN" })),
        (Method::PATCH, json!({ "state": "SUSPENDED" })),
    ] {
        assert_eq!(code(&acme, 409, method, &first, body).await, "last-owner");
    }
    expect(&acme, 200, Method::PATCH, &first, Some(json!({ "name": "Ada" }))).await;
    // A suspended owner is none.
    let (second_id, second) = acme.colleague("OWNER").await;
    let path = format!("/operators/{second_id}");
    expect(&acme, 200, Method::PATCH, &path, Some(json!({ "state": "SUSPENDED" }))).await;
    assert_eq!(code(&acme, 409, Method::DELETE, &first, json!({})).await, "last-owner");
    expect(&acme, 200, Method::PATCH, &path, Some(json!({ "state": "ACTIVE" }))).await;

    let (one, other) = tokio::join!(
        acme.call(Method::PATCH, &path, Some(json!({ "role": "AUDITOR" }))),
        second.call(Method::PATCH, &first, Some(json!({ "role": "AUDITOR" }))),
    );
    let mut statuses = [one.0.as_u16(), other.0.as_u16()];
    statuses.sort_unstable();
    // Whoever was second meets the last owner, or is no longer one when it asks.
    assert!(matches!(statuses, [200, 403 | 409]), "{one:?} {other:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_last_use_is_known_to_the_minute_with_its_address() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (id, who) = acme.colleague("PRODUCT").await;
    let token = async || {
        app.process.settle().await.unwrap();
        acme.get(&format!("/operators/{id}/tokens")).await["items"][0].clone()
    };
    let unused = token().await;
    assert_eq!(
        (&unused["lastUsedAt"], &unused["lastUsedAddress"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(text(&unused, "lastFour"), who.token[who.token.len() - 4..]);
    who.get("/products").await;
    let begin = token().await;
    assert_eq!(text(&begin, "lastUsedAddress"), "127.0.0.1");
    app.clock.advance(Duration::from_secs(59));
    who.get("/products").await;
    assert_eq!(token().await["lastUsedAt"], begin["lastUsedAt"], "within the minute");
    app.clock.advance(Duration::from_secs(1));
    who.get("/products").await;
    assert_ne!(token().await["lastUsedAt"], begin["lastUsedAt"], "after it");
    app.stop().await;
}

#[tokio::test]
async fn mail_addresses_are_unique_tokens_are_limited_and_a_repeated_request_reveals_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let new = |email: &str| json!({ "name": "Ada", "email": email, "role": "AUDITOR" });
    let id = acme.create("/operators", new("ada@example.com")).await;
    assert_eq!(
        code(&acme, 409, Method::POST, "/operators", new("Ada@Example.com")).await,
        "conflict"
    );
    assert_eq!(
        code(&acme, 422, Method::POST, "/operators", new("nobody")).await,
        "validation-failed"
    );
    app.tenant("rival")
        .await
        .create("/operators", new("ada@example.com"))
        .await;

    let tokens = format!("/operators/{id}/tokens");
    let mut made = Vec::new();
    for _ in 0..2 {
        let body = json!({ "name": "once" });
        let request = acme
            .request(Method::POST, &tokens)
            .header("idempotency-key", "1")
            .json(&body);
        made.push(request.send().await.unwrap().json::<Value>().await.unwrap());
    }
    assert_eq!(made[0]["id"], made[1]["id"]);
    assert!(
        made[0]["secret"].is_string() && made[1].get("secret").is_none(),
        "{made:?}"
    );
    for number in 1..50 {
        acme.token_of(&id, json!({ "name": number.to_string() })).await;
    }
    assert_eq!(
        code(&acme, 409, Method::POST, &tokens, json!({ "name": "51st" })).await,
        "limit-reached"
    );
    app.stop().await;
}
