//! Authenticators and recovery codes: what is shown works once, guessing ends, and a wall stands between people.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestPerson, TestTenant, manual_clock};
use reqwest::Method;
use serde_json::{Value, json};
use totp_rs::Totp;

const STEP: Duration = Duration::from_secs(30);

fn wrong() -> (u16, String) {
    (403, "code-invalid".to_owned())
}

/// What the authenticator of somebody else's making shows now.
fn shows(app: &TestApp, authenticator: &Totp) -> String {
    let now = u64::try_from(app.clock.now().timestamp()).unwrap();
    authenticator.generate(now).to_string()
}

/// Somebody with an authenticator, whose first code was taken a step ago, and their recovery codes.
async fn with_authenticator(app: &TestApp, tenant: &TestTenant, email: &str) -> (TestPerson, Totp, Vec<String>) {
    let mut ada = app.person(tenant, "acme", email).await;
    ada.sign_in().await;
    let setup = ada.post("/account/totp", json!({})).await;
    let authenticator = Totp::from_url(setup["otpauthUrl"].as_str().unwrap()).unwrap();
    let confirmed = ada
        .post("/account/totp/confirm", json!({ "code": shows(app, &authenticator) }))
        .await;
    let codes = confirmed["recoveryCodes"].as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    app.clock.advance(STEP);
    (ada, authenticator, codes)
}

/// What stands for the first factor.
async fn owing(ada: &TestPerson) -> (String, Value) {
    let answer = ada.show_password().await;
    assert_eq!(answer["status"], "SECOND_FACTOR_REQUIRED", "{answer}");
    (
        answer["pendingToken"].as_str().unwrap().to_owned(),
        answer["factors"].clone(),
    )
}

fn code(pending: &str, code: &str) -> Value {
    json!({ "pendingToken": pending, "code": code, "delivery": "BODY" })
}

fn recovery(pending: &str, code: &str) -> Value {
    json!({ "pendingToken": pending, "recoveryCode": code, "delivery": "BODY" })
}

const HERE: &str = "/sessions/second-factor";

#[tokio::test]
async fn an_app_of_somebody_elses_making_completes_a_sign_in() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    ada.sign_in().await;
    let setup = ada.post("/account/totp", json!({})).await;
    assert_eq!(setup["secret"].as_str().unwrap().len(), 32, "20 bytes in base 32");
    let authenticator = Totp::from_url(setup["otpauthUrl"].as_str().unwrap()).unwrap();
    assert_eq!(authenticator.issuer(), Some("acme"));

    // Until a code was right it is asked of nobody.
    assert_eq!(ada.show_password().await["status"], "SIGNED_IN");
    assert_eq!(
        ada.refused("/account/totp/confirm", json!({ "code": "000000" })).await,
        wrong()
    );
    assert_eq!(ada.get("/account").await["secondFactors"]["totp"], false);
    let confirmed = ada
        .post("/account/totp/confirm", json!({ "code": shows(&app, &authenticator) }))
        .await;
    assert_eq!(confirmed["recoveryCodes"].as_array().unwrap().len(), 10);
    let has = ada.get("/account").await["secondFactors"].clone();
    assert_eq!(has, json!({ "totp": true, "passkeys": 0, "recoveryCodes": 10 }));
    assert_eq!(
        ada.refused("/account/totp", json!({})).await,
        (409, "conflict".to_owned())
    );

    app.clock.advance(STEP);
    let (pending, factors) = owing(&ada).await;
    assert_eq!(factors, json!(["TOTP", "RECOVERY_CODE"]));
    let answer = ada.post(HERE, code(&pending, &shows(&app, &authenticator))).await;
    ada.take(&answer);
    let methods = ada.get("/account").await["session"]["methods"].clone();
    assert_eq!(methods, json!(["PASSWORD", "TOTP"]));
    // What stood for the first factor is gone.
    app.clock.advance(STEP);
    assert_eq!(
        ada.refused(HERE, code(&pending, &shows(&app, &authenticator))).await,
        wrong()
    );
    app.stop().await;
}

#[tokio::test]
async fn no_code_is_taken_twice_nor_one_before_it_nor_by_two_at_once() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (ada, authenticator, _) = with_authenticator(&app, &acme, "ada@example.com").await;

    // The one that confirmed it, though it is still within the drift.
    app.clock.advance(STEP);
    let earlier = shows(&app, &authenticator);
    app.clock.advance(STEP);
    let now = shows(&app, &authenticator);
    let (pending, _) = owing(&ada).await;
    ada.post(HERE, code(&pending, &now)).await;
    let (pending, _) = owing(&ada).await;
    assert_eq!(ada.refused(HERE, code(&pending, &now)).await, wrong(), "the same again");
    assert_eq!(
        ada.refused(HERE, code(&pending, &earlier)).await,
        wrong(),
        "the one before"
    );

    // Eight sign-ins with one code at the same moment.
    app.clock.advance(STEP);
    let now = shows(&app, &authenticator);
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (ada, (pending, _), now) = (ada.clone(), owing(&ada).await, now.clone());
        tries.spawn(async move {
            ada.call(Method::POST, HERE, Some(code(&pending, &now)))
                .await
                .0
                .as_u16()
        });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 403, 403, 403, 403, 403, 403, 403]);

    // A clock may be a step off, and no more.
    let ahead = app.clock.now() + 2 * STEP;
    let ahead = authenticator
        .generate(u64::try_from(ahead.timestamp()).unwrap())
        .to_string();
    let (pending, _) = owing(&ada).await;
    assert_eq!(ada.refused(HERE, code(&pending, &ahead)).await, wrong());
    app.clock.advance(STEP);
    ada.post(HERE, code(&pending, &ahead)).await;
    app.stop().await;
}

#[tokio::test]
async fn five_wrong_codes_end_the_sign_in_and_twenty_the_trying() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (ada, authenticator, codes) = with_authenticator(&app, &acme, "ada@example.com").await;
    let bob = app.person(&acme, "acme", "bob@example.com").await;

    let (pending, _) = owing(&ada).await;
    for guess in ["000000", "11111", "abcdef", "", "999999"] {
        assert_eq!(ada.refused(HERE, code(&pending, guess)).await, wrong(), "{guess}");
    }
    let right = shows(&app, &authenticator);
    assert_eq!(ada.refused(HERE, code(&pending, &right)).await, wrong(), "it is over");
    assert_eq!(
        ada.refused(HERE, recovery(&pending, &codes[0])).await,
        wrong(),
        "for whatever is shown"
    );

    // Fifteen more from new sign-ins, and the account waits; another one does not.
    for _ in 0..3 {
        let (pending, _) = owing(&ada).await;
        for _ in 0..5 {
            assert_eq!(ada.refused(HERE, code(&pending, "000000")).await, wrong());
        }
    }
    let (pending, _) = owing(&ada).await;
    let refused = ada.refused(HERE, code(&pending, &right)).await;
    assert_eq!(refused, (429, "too-many-attempts".to_owned()));
    assert_eq!(bob.show_password().await["status"], "SIGNED_IN");
    app.clock.advance(Duration::from_secs(15 * 60));
    let (pending, _) = owing(&ada).await;
    ada.post(HERE, code(&pending, &shows(&app, &authenticator))).await;
    app.stop().await;
}

#[tokio::test]
async fn a_recovery_code_works_once_and_its_owner_is_told() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (mut ada, _, codes) = with_authenticator(&app, &acme, "ada@example.com").await;
    let (_, _, bobs) = with_authenticator(&app, &acme, "bob@example.com").await;

    let (pending, _) = owing(&ada).await;
    assert_eq!(
        ada.refused(HERE, recovery(&pending, &bobs[0])).await,
        wrong(),
        "another one's"
    );
    let typed = codes[0].to_uppercase().replace('-', " ");
    let answer = ada.post(HERE, recovery(&pending, &typed)).await;
    ada.take(&answer);
    assert_eq!(ada.get("/account").await["secondFactors"]["recoveryCodes"], 9);
    let (pending, _) = owing(&ada).await;
    assert_eq!(ada.refused(HERE, recovery(&pending, &codes[0])).await, wrong(), "used");
    let mut owner = gatewright_testkit::database::connect(&app.database_url).await;
    let told =
        "SELECT count(*) FROM jobs WHERE kind = 'people.write_letter' AND payload->>'what' = 'RECOVERY_CODE_USED'
                AND payload->>'personId' = $1";
    let told: i64 = sqlx::query_scalar(told)
        .bind(&ada.id)
        .fetch_one(&mut owner)
        .await
        .unwrap();
    assert_eq!(told, 1);

    let fresh = ada.post("/account/recovery-codes", json!({})).await;
    assert_eq!(fresh["recoveryCodes"].as_array().unwrap().len(), 10);
    let (pending, _) = owing(&ada).await;
    assert_eq!(
        ada.refused(HERE, recovery(&pending, &codes[1])).await,
        wrong(),
        "replaced"
    );
    let new = fresh["recoveryCodes"][9].as_str().unwrap();
    ada.post(HERE, recovery(&pending, new)).await;
    app.stop().await;
}

#[tokio::test]
async fn taking_a_factor_away_asks_who_one_is_and_takes_the_codes_along() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (mut ada, authenticator, codes) = with_authenticator(&app, &acme, "ada@example.com").await;
    let recent = (403, "reauthentication-required".to_owned());

    app.clock.advance(Duration::from_secs(4 * 60));
    let (pending, _) = owing(&ada).await;
    let answer = ada.post(HERE, code(&pending, &shows(&app, &authenticator))).await;
    let refresh = answer["refreshToken"].as_str().unwrap().to_owned();
    ada.take(&answer);
    app.clock.advance(Duration::from_secs(15 * 60));
    let renewed = ada.post("/sessions/refresh", json!({ "refreshToken": refresh })).await;
    ada.take(&renewed);
    for (method, path) in [
        (Method::DELETE, "/account/totp"),
        (Method::POST, "/account/recovery-codes"),
    ] {
        let (status, answer) = ada.call(method, path, Some(json!({}))).await;
        assert_eq!((status.as_u16(), answer["code"].as_str().unwrap().to_owned()), recent);
    }
    // A code that was taken is no proof, a fresh one is.
    let again = "/account/reauthentications";
    assert_eq!(ada.refused(again, json!({ "code": "000000" })).await, wrong());
    let now = shows(&app, &authenticator);
    ada.post(again, json!({ "code": now })).await;
    assert_eq!(ada.refused(again, json!({ "code": now })).await, wrong());
    assert_eq!(
        ada.refused(again, json!({})).await,
        (422, "validation-failed".to_owned())
    );

    let (status, answer) = ada.call(Method::DELETE, "/account/totp", None).await;
    assert_eq!(status, 204, "{answer}");
    let has = ada.get("/account").await["secondFactors"].clone();
    assert_eq!(has, json!({ "totp": false, "passkeys": 0, "recoveryCodes": 0 }));
    assert_eq!(ada.show_password().await["status"], "SIGNED_IN");
    assert_eq!(
        ada.refused("/account/recovery-codes", json!({})).await,
        (409, "conflict".to_owned()),
        "they would stand for nothing"
    );
    drop(codes);
    app.stop().await;
}

#[tokio::test]
async fn no_secret_of_a_factor_lies_open_in_the_database_or_the_log_of_changes() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let mut ada = app.person(&acme, "acme", "ada@example.com").await;
    ada.sign_in().await;
    let setup = ada.post("/account/totp", json!({})).await;
    let authenticator = Totp::from_url(setup["otpauthUrl"].as_str().unwrap()).unwrap();
    let confirmed = ada
        .post("/account/totp/confirm", json!({ "code": shows(&app, &authenticator) }))
        .await;
    let mut secrets = vec![setup["secret"].as_str().unwrap().to_owned()];
    secrets.extend(
        confirmed["recoveryCodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|code| code.as_str().unwrap().to_owned()),
    );
    for code in secrets.clone() {
        secrets.push(code.replace('-', ""));
    }
    let mut owner = gatewright_testkit::database::connect(&app.database_url).await;
    let all: Vec<String> = sqlx::query_scalar(
        "SELECT row_to_json(t)::text FROM totp_authenticators AS t UNION ALL SELECT row_to_json(c)::text FROM recovery_codes AS c
         UNION ALL SELECT row_to_json(a)::text FROM audit_events AS a UNION ALL SELECT row_to_json(o)::text FROM outbox_events AS o",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert!(all.len() > 12, "{}", all.len());
    for row in &all {
        assert!(!secrets.iter().any(|secret| row.contains(secret.as_str())), "{row}");
    }
    app.stop().await;
}
