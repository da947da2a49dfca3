//! Signing up, being invited, choosing another password: by script, without a page.

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{PASSWORD, TestApp, TestPerson, TestTenant, Upstream, manual_clock};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use super::{mail_to, token, with_mailbox};

fn code(problem: &Value) -> &str {
    problem["code"].as_str().unwrap_or_default()
}

async fn sign_up(who: &TestPerson, email: &str) -> Value {
    let body = json!({ "email": email, "name": "Grace Hopper", "customerName": "Globex", "password": PASSWORD, "delivery": "BODY" });
    who.post("/sign-ups", body).await
}

/// Signs up, reads the mail, confirms; somebody who is signed in.
async fn newcomer(app: &TestApp, slug: &str, email: &str) -> TestPerson {
    let mut who = app.stranger(slug);
    let begun = sign_up(&who, email).await;
    let carried = token(&mail_to(app, email, 1).await);
    let body = json!({ "token": carried, "browserToken": begun["browserToken"], "delivery": "BODY" });
    let answer = who.post("/sign-ups/verify", body).await;
    assert_eq!(answer["status"], "SIGNED_IN", "{answer}");
    who.take(&answer);
    who.email = email.to_owned();
    who
}

#[tokio::test]
async fn a_script_signs_up_verifies_subscribes_and_calls_with_its_key() {
    let app = with_mailbox(Clock::System).await;
    let acme = app.tenant("acme").await;
    let upstream = Upstream::start().await;
    let product = acme.product("Translation API").await;
    let plan = acme.plan("Pro", &[&product]).await;
    let secret_plan = acme.plan("Friends", &[&product]).await;
    acme.call(
        Method::PATCH,
        &format!("/plans/{plan}"),
        Some(json!({ "selfService": true })),
    )
    .await;
    let gateway = acme.gateway("acme").await;
    let service = acme.service(&gateway, "translation", &upstream.url()).await;
    acme.secure_route(&gateway, &service, "GET", "/v1/usage", Some(&product))
        .await;

    let who = newcomer(&app, "acme", "grace@globex.example").await;
    let account = who.get("/account").await;
    assert_eq!(account["developer"]["customer"]["name"], "Globex", "{account}");
    assert_eq!(account["developer"]["role"], "OWNER");
    let plans = who.get("/portal/plans").await;
    assert_eq!(plans["items"].as_array().unwrap().len(), 1, "{plans}");
    assert_eq!(plans["items"][0]["id"], plan.as_str());
    let (status, problem) = who
        .call(
            Method::POST,
            "/portal/subscriptions",
            Some(json!({ "planId": secret_plan })),
        )
        .await;
    assert_eq!(
        (status.as_u16(), code(&problem)),
        (404, "not-found"),
        "a plan that is not for everybody"
    );
    let subscribed = who.post("/portal/subscriptions", json!({ "planId": plan })).await;
    let key = subscribed["apiKey"]["secret"].as_str().unwrap();
    assert_eq!(app.asked_everywhere("acme", "/v1/usage", key).await.0, 200);
    let keys = who.get("/portal/keys").await;
    assert_eq!(keys["items"][0]["id"], subscribed["apiKey"]["id"]);
    assert!(!keys.to_string().contains(key));
    app.stop().await;
}

#[tokio::test]
async fn a_link_works_once_and_signs_in_only_whoever_began() {
    let app = with_mailbox(Clock::System).await;
    app.tenant("acme").await;
    let who = app.stranger("acme");
    sign_up(&who, "grace@example.com").await;
    let mail = mail_to(&app, "grace@example.com", 1).await;
    assert!(mail.contains("http://acme.localhost:"), "{mail}");
    let carried = token(&mail);
    // Whoever reads the mail elsewhere confirms, and signs in as always.
    let body = json!({ "token": carried, "delivery": "BODY" });
    assert_eq!(
        who.post("/sign-ups/verify", body.clone()).await,
        json!({ "status": "VERIFIED" })
    );
    let (status, problem) = who.call(Method::POST, "/sign-ups/verify", Some(body)).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "code-invalid"), "replayed");
    // An address that has an account: the same answer, and a mail that makes nothing.
    sign_up(&who, "Grace@Example.com").await;
    let mail = mail_to(&app, "Grace@Example.com", 1).await;
    assert!(mail.contains("already") && !mail.contains("token="), "{mail}");
    app.stop().await;
}

#[tokio::test]
async fn a_tenant_decides_who_signs_up() {
    let app = with_mailbox(Clock::System).await;
    let acme = app.tenant("acme").await;
    let who = app.stranger("acme");
    let body = json!({ "email": "grace@example.com", "name": "Grace", "password": PASSWORD });
    let put = async |settings: Value| acme.call(Method::PUT, "/people-settings", Some(settings)).await.0;
    assert_eq!(put(json!({ "signUp": "BY_INVITATION" })).await, 200);
    let (status, problem) = who.call(Method::POST, "/sign-ups", Some(body.clone())).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "sign-up-closed"));
    assert_eq!(put(json!({ "signUp": "BY_DOMAIN" })).await, 422);
    assert_eq!(
        put(json!({ "signUp": "BY_DOMAIN", "domains": ["Globex.Example"] })).await,
        200
    );
    let (status, problem) = who.call(Method::POST, "/sign-ups", Some(body)).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "sign-up-closed"));
    assert_eq!(who.get("/sign-in-options").await["domains"], json!(["globex.example"]));
    let inside = newcomer(&app, "acme", "grace@GLOBEX.example").await;
    assert_eq!(inside.get("/account").await["developer"]["state"], "ACTIVE");

    assert_eq!(put(json!({ "signUp": "BY_APPROVAL" })).await, 200);
    let waiting = newcomer(&app, "acme", "alan@example.com").await;
    let (status, problem) = waiting.call(Method::GET, "/portal/subscriptions", None).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "approval-pending"));
    let pending = acme.get("/developers?state=PENDING").await;
    let id = pending["items"][0]["id"].as_str().unwrap();
    acme.call(
        Method::PATCH,
        &format!("/developers/{id}"),
        Some(json!({ "state": "ACTIVE" })),
    )
    .await;
    assert_eq!(waiting.call(Method::GET, "/portal/subscriptions", None).await.0, 200);
    assert!(mail_to(&app, "alan@example.com", 2).await.contains("approved"));
    app.stop().await;
}

#[tokio::test]
async fn another_password_ends_every_session_and_its_link_works_once() {
    let app = with_mailbox(Clock::System).await;
    app.tenant("acme").await;
    let who = newcomer(&app, "acme", "grace@example.com").await;
    let stranger = app.stranger("acme");
    stranger
        .post("/password-resets", json!({ "email": "grace@example.com" }))
        .await;
    let first = token(&mail_to(&app, "grace@example.com", 2).await);
    stranger
        .post("/password-resets", json!({ "email": "grace@example.com" }))
        .await;
    let second = token(&mail_to(&app, "grace@example.com", 3).await);
    let complete = async |token: &str, password: &str| {
        let body = json!({ "token": token, "password": password });
        stranger
            .call(Method::POST, "/password-resets/complete", Some(body))
            .await
    };
    let (status, problem) = complete(&first, "another horse battery").await;
    assert_eq!(
        (status.as_u16(), code(&problem)),
        (403, "code-invalid"),
        "a newer one took its place"
    );
    let (status, problem) = complete(&second, "password12").await;
    assert_eq!(
        (status.as_u16(), code(&problem)),
        (422, "validation-failed"),
        "{problem}"
    );
    assert_eq!(complete(&second, "another horse battery").await.0, 200);
    assert_eq!(complete(&second, "a third horse battery").await.0, 403, "replayed");
    assert_eq!(
        who.call(Method::GET, "/account", None).await.0,
        401,
        "the session has ended"
    );
    let sign_in = async |password: &str| {
        let body = json!({ "email": "grace@example.com", "password": password, "delivery": "BODY" });
        stranger.call(Method::POST, "/sessions", Some(body)).await.0
    };
    assert_eq!(sign_in(PASSWORD).await, 401);
    assert_eq!(sign_in("another horse battery").await, 201);
    app.stop().await;
}

#[tokio::test]
async fn a_colleague_is_invited_and_becomes_what_was_said() {
    let app = with_mailbox(Clock::System).await;
    let acme = app.tenant("acme").await;
    let owner = newcomer(&app, "acme", "grace@example.com").await;
    owner
        .post(
            "/portal/invitations",
            json!({ "email": "alan@example.com", "role": "MEMBER" }),
        )
        .await;
    let carried = token(&mail_to(&app, "alan@example.com", 1).await);
    let mut alan = app.stranger("acme");
    let seen = alan.post("/invitations/look-up", json!({ "token": carried })).await;
    assert_eq!(seen["customerName"], "Globex", "{seen}");
    assert_eq!(
        (&seen["invitedBy"], &seen["hasAccount"]),
        (&json!("Grace Hopper"), &json!(false))
    );
    let body = json!({ "token": carried, "name": "Alan Turing", "password": PASSWORD, "delivery": "BODY" });
    let answer = alan.post("/invitations/accept", body.clone()).await;
    alan.take(&answer);
    assert_eq!(alan.get("/account").await["developer"]["role"], "MEMBER");
    assert_eq!(
        alan.call(Method::POST, "/invitations/accept", Some(body)).await.0,
        403,
        "replayed"
    );
    // Whoever is there already gets another hat, and no session by a mail alone.
    let operator = acme
        .create(
            "/operators",
            json!({ "name": "Alan", "email": "alan@example.com", "role": "SUPPORT" }),
        )
        .await;
    acme.post(&format!("/operators/{operator}/invitations"), json!({}))
        .await;
    let carried = token(&mail_to(&app, "alan@example.com", 2).await);
    let accepted = app
        .stranger("acme")
        .post("/invitations/accept", json!({ "token": carried }))
        .await;
    assert_eq!(accepted, json!({ "status": "ACCEPTED" }));
    assert_eq!(alan.get("/account").await["operator"]["role"], "SUPPORT");
    assert_eq!(
        alan.get("/customers").await["items"].as_array().unwrap().len(),
        1,
        "one session for both"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_a_mail_carries_ends_by_itself() {
    let clock = manual_clock();
    let app = with_mailbox(clock.clone()).await;
    app.tenant("acme").await;
    let who = app.stranger("acme");
    sign_up(&who, "grace@example.com").await;
    let carried = token(&mail_to(&app, "grace@example.com", 1).await);
    clock.advance(std::time::Duration::from_hours(25));
    let (status, problem) = who
        .call(Method::POST, "/sign-ups/verify", Some(json!({ "token": carried })))
        .await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "code-invalid"));
    app.stop().await;
}

#[tokio::test]
async fn a_customer_keeps_an_owner_and_whoever_leaves_takes_everything_along() {
    let app = TestApp::start().await;
    let acme: TestTenant = app.tenant("acme").await;
    let customer = acme.customer("Globex").await;
    let owner = app
        .developer(&acme, "acme", &customer, ("owner@example.com", DeveloperRole::Owner))
        .await;
    let member = app
        .developer(&acme, "acme", &customer, ("member@example.com", DeveloperRole::Member))
        .await;
    let own = format!("/portal/colleagues/{}", owner.developer_id.as_deref().unwrap());
    let (status, problem) = owner.call(Method::PATCH, &own, Some(json!({ "role": "MEMBER" }))).await;
    assert_eq!((status.as_u16(), code(&problem)), (409, "conflict"), "{problem}");
    let (status, problem) = owner.call(Method::DELETE, "/account", None).await;
    assert_eq!((status.as_u16(), code(&problem)), (409, "conflict"), "{problem}");
    let theirs = format!("/portal/colleagues/{}", member.developer_id.as_deref().unwrap());
    assert_eq!(
        owner
            .call(Method::PATCH, &theirs, Some(json!({ "role": "OWNER" })))
            .await
            .0,
        200
    );
    let export = owner.get("/account/export").await;
    assert_eq!(export["person"]["email"], "owner@example.com");
    assert!(!export["deeds"].as_array().unwrap().is_empty(), "{export}");
    assert!(!export.to_string().contains("argon2"), "no secret is exported");
    assert_eq!(owner.call(Method::DELETE, "/account", None).await.0, 204);
    assert_eq!(owner.call(Method::GET, "/account", None).await.0, 401);
    let left = acme.get("/developers").await;
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");
    app.stop().await;
}
