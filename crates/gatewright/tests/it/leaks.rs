//! Secrets that were found where they should not be.

use gatewright_testkit::{Subscribed, database, manual_clock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{Scene, ok, refusal, text};

const REPORTS: &str = "/secret-scanning/reports";

async fn set_policy(scene: &Scene, policy: &str) {
    let change = json!({ "leakPolicy": policy });
    let settings = scene
        .expect(200, Method::PATCH, "/credential-settings", Some(change))
        .await;
    assert_eq!(settings["leakPolicy"], policy);
    assert_eq!(scene.acme.get("/credential-settings").await, settings);
}

async fn report(scene: &Scene, tokens: &[&str]) -> Value {
    let candidates: Vec<Value> = tokens
        .iter()
        .map(|token| json!({ "token": token, "type": "gatewright_key", "url": "https://code.example/1", "source": "content" }))
        .collect();
    scene.acme.post(REPORTS, json!({ "candidates": candidates })).await
}

fn leaked(of: &Subscribed, version: i32, action: &str) -> Value {
    json!({ "verdict": "LEAKED", "keyId": of.key_id, "secretVersion": version, "action": action })
}

fn harmless(verdict: &str) -> Value {
    json!({ "verdict": verdict, "keyId": null, "secretVersion": null, "action": null })
}

#[tokio::test]
async fn each_candidate_is_judged_by_check_digits_and_hash_in_its_place() {
    let scene = Scene::set().await;
    let (one, two) = (scene.subscribe().await, scene.subscribe().await);
    let rival = scene.app.tenant("rival").await;
    let product = rival.product("Theirs").await;
    let (plan, customer) = (rival.plan("Theirs", &[&product]).await, rival.customer("Theirs").await);
    let theirs = rival.subscribe(&customer, &plan).await;
    let mistyped = format!("{}{}", &one.key[..47], if one.key.ends_with('0') { '1' } else { '0' });
    let answer = report(
        &scene,
        &[&mistyped, &two.key, &theirs.key, "hunter2", "", &one.key, &two.key],
    )
    .await;
    assert_eq!(
        answer["findings"],
        json!([
            harmless("FALSE_POSITIVE"),
            leaked(&two, 1, "NOTIFIED"),
            harmless("UNKNOWN"),
            harmless("FALSE_POSITIVE"),
            harmless("FALSE_POSITIVE"),
            leaked(&one, 1, "NOTIFIED"),
            leaked(&two, 1, "NOTIFIED"),
        ])
    );
    assert!(answer["nodes"].is_null(), "nothing has changed for them: {answer}");
    assert_eq!(scene.verdict(&one.key).await, ok(), "NOTIFY only tells");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_leak_is_told_with_where_it_was_found_and_the_secret_itself_is_kept_nowhere() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let quoting = format!("https://paste.example/?q={}", subscribed.key);
    let candidates = json!([
        { "token": subscribed.key, "url": "https://code.example/blob/1#L7", "source": "content" },
        { "token": subscribed.key, "url": quoting },
    ]);
    let request = scene
        .acme
        .request(Method::POST, REPORTS)
        .header("idempotency-key", "once")
        .json(&json!({ "candidates": candidates }));
    let answer = request.try_clone().unwrap().send().await.unwrap().text().await.unwrap();
    let again = request.send().await.unwrap();
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert!(!answer.contains(&subscribed.key), "{answer}");
    let mut connection = database::connect(&scene.app.database_url).await;
    let events: Vec<(Value,)> = sqlx::query_as(
        "SELECT payload FROM outbox_events WHERE domain = 'credentials' AND name = 'key.leaked' ORDER BY payload->>'foundAt' NULLS LAST",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let found: Vec<&Value> = events.iter().map(|(payload,)| &payload["foundAt"]).collect();
    assert_eq!(found, [&json!("https://code.example/blob/1#L7"), &json!(null)]);
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_events WHERE action = 'key.leaked' AND resource_id = $1")
            .bind(&subscribed.key_id)
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(audited, 2);
    let rows = database::dump(&scene.app.database_url).await;
    assert!(rows.iter().all(|(_, row)| !row.contains(&subscribed.key[8..])));
    scene.app.stop().await;
}

#[tokio::test]
async fn suspend_refuses_the_key_on_every_node_before_the_answer() {
    let scene = Scene::set().await;
    set_policy(&scene, "SUSPEND").await;
    let subscribed = scene.subscribe().await;
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    let answer = report(&scene, &[&subscribed.key]).await;
    assert_eq!(answer["findings"][0], leaked(&subscribed, 1, "SUSPENDED"));
    assert!(answer["nodes"][0]["acknowledgedMs"].is_number(), "{answer}");
    assert_eq!(
        scene.verdict(&subscribed.key).await,
        refusal(403, "credential-suspended")
    );
    let again = report(&scene, &[&subscribed.key]).await;
    assert_eq!(again["findings"][0], leaked(&subscribed, 1, "SUSPENDED"));
    scene
        .acme
        .post(&format!("/keys/{}/reactivate", subscribed.key_id), json!({}))
        .await;
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn rotate_takes_the_secret_away_and_the_next_rotation_gives_the_key_a_new_one() {
    let scene = Scene::set_at(manual_clock()).await;
    set_policy(&scene, "ROTATE").await;
    scene
        .expect(
            200,
            Method::PATCH,
            "/credential-settings",
            Some(json!({ "secretRetention": "WHILE_ACTIVE" })),
        )
        .await;
    let subscribed = scene.subscribe().await;
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    let answer = report(&scene, &[&subscribed.key]).await;
    assert_eq!(answer["findings"][0], leaked(&subscribed, 1, "SECRET_WITHDRAWN"));
    assert!(answer["nodes"][0]["acknowledgedMs"].is_number(), "{answer}");
    assert!(
        !answer.to_string().contains("secret\""),
        "no secret is revealed: {answer}"
    );
    assert_eq!(scene.verdict(&subscribed.key).await, refusal(401, "credential-expired"));
    let path = format!("/keys/{}", subscribed.key_id);
    let key = scene.acme.get(&path).await;
    assert_eq!(
        (&key["status"], &key["secretWithdrawnAt"]),
        (&json!("ACTIVE"), &json!("2027-01-15T08:00:00Z"))
    );
    let mut connection = database::connect(&scene.app.database_url).await;
    let copies: i64 = sqlx::query_scalar("SELECT count(*) FROM sealed_secrets")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(copies, 0, "neither of the leaked secret nor of one that nobody gets");
    assert_eq!(
        report(&scene, &[&subscribed.key]).await["findings"][0],
        leaked(&subscribed, 1, "ALREADY_REFUSED")
    );

    let rotated = scene.acme.post(&format!("{path}/rotate"), json!({})).await;
    assert!(rotated["secretWithdrawnAt"].is_null(), "{rotated}");
    assert_eq!(scene.verdict(&text(&rotated, "secret")).await, ok());
    assert_eq!(scene.verdict(&subscribed.key).await, refusal(401, "credential-expired"));
    scene.app.stop().await;
}

#[tokio::test]
async fn rotate_spares_the_new_secret_of_a_key_whose_old_one_leaked_during_an_overlap() {
    let scene = Scene::set_at(manual_clock()).await;
    set_policy(&scene, "ROTATE").await;
    let subscribed = scene.subscribe().await;
    let rotated = scene
        .acme
        .post(&format!("/keys/{}/rotate", subscribed.key_id), json!({}))
        .await;
    let new = text(&rotated, "secret");
    assert_eq!(
        (scene.verdict(&subscribed.key).await, scene.verdict(&new).await),
        (ok(), ok())
    );
    let answer = report(&scene, &[&subscribed.key]).await;
    assert_eq!(answer["findings"][0], leaked(&subscribed, 1, "OVERLAP_ENDED"));
    assert_eq!(scene.verdict(&subscribed.key).await, refusal(401, "credential-expired"));
    assert_eq!(scene.verdict(&new).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn the_secret_of_a_pair_is_recognized_and_a_dead_one_is_said_to_be_dead() {
    let scene = Scene::set().await;
    set_policy(&scene, "ROTATE").await;
    let body =
        json!({ "customerId": scene.customer, "planId": scene.plan, "key": { "accessorType": "CLIENT_CREDENTIALS" } });
    let pair = scene.acme.post("/subscriptions", body).await["apiKey"].clone();
    let (id, secret) = (text(&pair, "id"), text(&pair, "secret"));
    let revoked = scene.subscribe().await;
    scene
        .acme
        .post(&format!("/keys/{}/revoke", revoked.key_id), json!({}))
        .await;
    let answer = report(&scene, &[&secret, &text(&pair, "clientId"), &revoked.key]).await;
    assert_eq!(answer["findings"][0]["keyId"], id.as_str());
    assert_eq!(answer["findings"][0]["action"], "SECRET_WITHDRAWN");
    assert_eq!(
        answer["findings"][1],
        harmless("FALSE_POSITIVE"),
        "a client id is no secret"
    );
    assert_eq!(answer["findings"][2], leaked(&revoked, 1, "ALREADY_REFUSED"));
    let verdict = scene
        .acme
        .post(
            "/keys/verify",
            json!({ "clientId": pair["clientId"], "clientSecret": secret }),
        )
        .await;
    assert_eq!(verdict["code"], "credential-expired");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_report_has_1_to_100_candidates_of_bounded_length() {
    let scene = Scene::set().await;
    let candidate = |at: usize| json!({ "token": format!("candidate-{at}") });
    let many: Vec<Value> = (0..101).map(candidate).collect();
    let long = json!([{ "token": "x", "url": "u".repeat(2049) }]);
    for (candidates, field) in [
        (json!([]), "/candidates"),
        (json!(many), "/candidates"),
        (long, "/candidates/0/url"),
        (
            json!([{ "token": "x", "source": "two\nlines" }]),
            "/candidates/0/source",
        ),
    ] {
        let body = json!({ "candidates": candidates });
        let refused = scene.expect(422, Method::POST, REPORTS, Some(body)).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    let answer = scene.acme.post(REPORTS, json!({ "candidates": many[..100] })).await;
    assert_eq!(answer["findings"].as_array().unwrap().len(), 100);
    scene.app.stop().await;
}
