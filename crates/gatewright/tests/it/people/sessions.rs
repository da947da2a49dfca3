//! A session: how it is renewed, how it ends, and what it asks for again.

use std::time::Duration;

use gatewright_identity::model::DeveloperRole;
use gatewright_testkit::{PASSWORD, TestApp, TestPerson, TestTenant, database, manual_clock};
use reqwest::Method;
use serde_json::{Value, json};

fn code(problem: &Value) -> &str {
    problem["code"].as_str().unwrap_or_default()
}

async fn developer(app: &TestApp, acme: &TestTenant) -> TestPerson {
    let customer = acme.customer("Globex").await;
    app.developer(acme, "acme", &customer, ("ada@example.com", DeveloperRole::Owner))
        .await
}

async fn renew(who: &TestPerson, token: &str) -> (u16, Value) {
    let request = who
        .bare(Method::POST, "/sessions/refresh")
        .json(&json!({ "refreshToken": token }));
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn what_renews_a_session_works_once_and_a_copy_ends_it() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let acme = app.tenant("acme").await;
    let who = developer(&app, &acme).await;
    let (status, first) = renew(&who, &who.refresh_token).await;
    assert_eq!(status, 200, "{first}");
    let next = first["refreshToken"].as_str().unwrap().to_owned();
    // Requests that were under way at the same time.
    clock.advance(Duration::from_secs(29));
    let (status, second) = renew(&who, &who.refresh_token).await;
    assert_eq!(status, 200, "{second}");
    assert!(second.get("refreshToken").is_none(), "and nothing that lasts");
    clock.advance(Duration::from_secs(2));
    let (status, problem) = renew(&who, &who.refresh_token).await;
    assert_eq!((status, code(&problem)), (401, "unauthenticated"), "a copy");
    let (status, problem) = renew(&who, &next).await;
    assert_eq!(
        (status, code(&problem)),
        (401, "unauthenticated"),
        "the whole family has ended"
    );
    for token in [&first["accessToken"], &second["accessToken"]] {
        let request = who.bare(Method::GET, "/account").bearer_auth(token.as_str().unwrap());
        assert_eq!(request.send().await.unwrap().status(), 401, "at once");
    }
    let events = acme.get("/audit-events?action=session.revoked").await;
    assert_eq!(events["items"][0]["detail"]["because"], "REFRESH_REUSED", "{events}");
    app.stop().await;
}

#[tokio::test]
async fn two_who_renew_at_once_get_one_successor() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let who = developer(&app, &acme).await;
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let who = who.clone();
        asked.spawn(async move { renew(&who, &who.refresh_token).await });
    }
    let answers = asked.join_all().await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    let successors = answers
        .iter()
        .filter(|(_, answer)| answer.get("refreshToken").is_some())
        .count();
    assert_eq!(successors, 1, "{answers:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_session_lives_for_minutes_is_renewed_for_weeks_and_ends() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let acme = app.tenant("acme").await;
    let mut who = developer(&app, &acme).await;
    clock.advance(Duration::from_secs(299));
    assert_eq!(who.call(Method::GET, "/account", None).await.0, 200);
    clock.advance(Duration::from_secs(2));
    assert_eq!(who.call(Method::GET, "/account", None).await.0, 401, "five minutes");
    // Used all the time, and it still ends after thirty days.
    for day in 1..=31 {
        let (status, answer) = renew(&who, &who.refresh_token).await;
        if day == 31 {
            assert_eq!(status, 401, "{answer}");
            break;
        }
        assert_eq!(status, 200, "day {day}: {answer}");
        who.take(&answer);
        clock.advance(Duration::from_hours(24));
    }
    who.sign_in().await;
    clock.advance(Duration::from_hours(14 * 24 + 1));
    assert_eq!(renew(&who, &who.refresh_token).await.0, 401, "not used for two weeks");
    app.stop().await;
}

#[tokio::test]
async fn one_session_is_ended_from_another_and_all_at_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let here = developer(&app, &acme).await;
    let mut there = here.clone();
    there.sign_in().await;
    let listed = here.get("/account/sessions").await;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "{listed}");
    let other = items.iter().find(|item| item["current"] == false).unwrap();
    assert_eq!(
        (other["address"].as_str(), other["methods"][0].as_str()),
        (Some("127.0.0.1"), Some("PASSWORD"))
    );
    let path = format!("/account/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(here.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(
        there.call(Method::GET, "/account", None).await.0,
        401,
        "from the answer on"
    );
    assert_eq!(renew(&there, &there.refresh_token).await.0, 401);
    there.sign_in().await;
    assert_eq!(
        here.call(Method::POST, "/account/sign-out-everywhere", None).await.0,
        204
    );
    for session in [&here, &there] {
        assert_eq!(session.call(Method::GET, "/account", None).await.0, 401);
    }
    app.stop().await;
}

#[tokio::test]
async fn what_reveals_rotates_or_deletes_asks_who_it_is_once_more() {
    let clock = manual_clock();
    let app = TestApp::start_with(clock.clone()).await;
    let acme = app.tenant("acme").await;
    let (operator_id, by_token) = acme.colleague("ADMIN").await;
    let mut who = app
        .operator_person(&acme, "acme", &operator_id, "ada@example.com")
        .await;
    clock.advance(Duration::from_mins(16));
    let (_, answer) = renew(&who, &who.refresh_token).await;
    who.take(&answer);
    let customer = acme.customer("Globex").await;
    let path = format!("/customers/{customer}");
    let request = who.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(request.status(), 403);
    let challenge = request.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(
        challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=900"),
        "{challenge}"
    );
    let problem: Value = request.json().await.unwrap();
    assert_eq!(code(&problem), "reauthentication-required");
    assert_eq!(who.call(Method::GET, &path, None).await.0, 200, "reading does not ask");
    let again = async |password: &str| {
        who.call(
            Method::POST,
            "/account/reauthentications",
            Some(json!({ "password": password })),
        )
        .await
        .0
    };
    assert_eq!(again("wrong password").await, 401);
    assert_eq!(again(PASSWORD).await, 200);
    assert_eq!(who.call(Method::DELETE, &path, None).await.0, 204);
    let another = acme.customer("Initech").await;
    assert_eq!(
        by_token
            .call(Method::DELETE, &format!("/customers/{another}"), None)
            .await
            .0,
        204,
        "a token is not asked"
    );
    app.stop().await;
}

#[tokio::test]
async fn an_operator_who_signed_in_may_what_the_role_may_until_it_may_not() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (operator_id, _) = acme.colleague("SUPPORT").await;
    let who = app
        .operator_person(&acme, "acme", &operator_id, "ada@example.com")
        .await;
    assert_eq!(who.call(Method::GET, "/customers", None).await.0, 200);
    let (status, problem) = who
        .call(Method::POST, "/customers", Some(json!({ "name": "Globex" })))
        .await;
    assert_eq!(
        (status.as_u16(), problem["permission"].as_str()),
        (403, Some("CUSTOMERS_MANAGE")),
        "{problem}"
    );
    let path = format!("/operators/{operator_id}");
    acme.call(Method::PATCH, &path, Some(json!({ "state": "SUSPENDED" })))
        .await;
    let (status, problem) = who.call(Method::GET, "/customers", None).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "operator-suspended"));
    acme.call(Method::PATCH, &path, Some(json!({ "state": "ACTIVE" })))
        .await;
    assert_eq!(who.call(Method::GET, "/customers", None).await.0, 200);
    acme.call(Method::DELETE, &path, None).await;
    let (status, problem) = who.call(Method::GET, "/customers", None).await;
    assert_eq!((status.as_u16(), code(&problem)), (403, "forbidden"));
    app.stop().await;
}

/// Whoever runs a tenant's identity provider can be anybody there; a password made like that would open other tenants.
#[tokio::test]
async fn whom_only_another_vouches_for_makes_no_way_in() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let who = developer(&app, &acme).await;
    let mut owner = database::connect(&app.database_url).await;
    for methods in [
        "{PROVIDER}",
        "{HAND_OVER}",
        "{PROVIDER,TOTP}",
        "{PROVIDER,RECOVERY_CODE}",
    ] {
        let sql = "UPDATE sessions SET methods = $1::text[]";
        sqlx::query(sqlx::AssertSqlSafe(sql.replace("$1", &format!("'{methods}'"))))
            .execute(&mut owner)
            .await
            .unwrap();
        for (method, path, body) in [
            (
                Method::PUT,
                "/account/password",
                json!({ "newPassword": "another horse battery" }),
            ),
            (Method::POST, "/account/passkey-challenges", json!({})),
            (Method::POST, "/account/passkeys", json!({})),
        ] {
            let (status, problem) = who.call(method, path, Some(body)).await;
            assert_eq!(
                (status.as_u16(), code(&problem)),
                (403, "reauthentication-required"),
                "{methods} {path}"
            );
        }
    }
    // Whoever knows the password has shown it themselves.
    who.post("/account/reauthentications", json!({ "password": PASSWORD }))
        .await;
    let body = json!({ "newPassword": "another horse battery" });
    assert_eq!(who.call(Method::PUT, "/account/password", Some(body)).await.0, 204);
    app.stop().await;
}
