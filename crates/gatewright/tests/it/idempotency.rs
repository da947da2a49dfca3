//! The same request sent again: the same answer, one effect.

use std::time::Duration;

use gatewright_testkit::{Proxy, TestApp, TestTenant, database, manual_clock, settings};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{Scene, ok, text};

/// How long an answer is kept.
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Replied {
    status: StatusCode,
    replayed: bool,
    body: Value,
}

/// POSTs with an `Idempotency-Key`.
async fn post(who: &TestTenant, key: &str, path: &str, body: Value) -> Replied {
    let request = who
        .request(Method::POST, path)
        .header("idempotency-key", key)
        .json(&body);
    let response = request.send().await.unwrap();
    let replayed = response
        .headers()
        .get("idempotency-replayed")
        .is_some_and(|value| value == "true");
    Replied {
        status: response.status(),
        replayed,
        body: response.json().await.unwrap(),
    }
}

async fn count(who: &TestTenant, path: &str) -> usize {
    who.get(path).await["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_answer_without_its_secret_and_has_no_second_effect() {
    let scene = Scene::set().await;
    let body = json!({ "customerId": scene.customer, "planId": scene.plan });
    let mut first = post(&scene.acme, "a", "/subscriptions", body.clone()).await;
    assert_eq!((first.status.as_u16(), first.replayed), (201, false));
    let key = text(&first.body["apiKey"], "secret");
    first.body["apiKey"].as_object_mut().unwrap().remove("secret");
    for _ in 0..2 {
        let again = post(&scene.acme, "a", "/subscriptions", body.clone()).await;
        assert_eq!((again.status.as_u16(), again.replayed), (201, true));
        assert_eq!(again.body, first.body, "all but the secret");
    }
    assert_eq!(count(&scene.acme, "/subscriptions").await, 1);
    assert_eq!(count(&scene.acme, "/keys").await, 1);
    assert_eq!(scene.verdict(&key).await, ok());

    let rotate = format!("/keys/{}/rotate", text(&first.body["apiKey"], "id"));
    let rotated = post(&scene.acme, "b", &rotate, json!({})).await;
    assert!(rotated.body["secret"].is_string());
    let again = post(&scene.acme, "b", &rotate, json!({})).await;
    assert_eq!((again.status.as_u16(), again.replayed), (200, true));
    assert!(
        again.body["secret"].is_null() && again.body["secretVersion"] == 2,
        "{}",
        again.body
    );
    assert_eq!(
        scene.verdict(&text(&rotated.body, "secret")).await,
        ok(),
        "it was not rotated once more"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn a_replay_does_not_do_again_what_was_undone_since() {
    let scene = Scene::set().await;
    let subscribed = scene.subscribe().await;
    let path = format!("/keys/{}", subscribed.key_id);
    let first = post(&scene.acme, "a", &format!("{path}/suspend"), json!({})).await;
    assert!(first.body["nodes"].is_array());
    scene.acme.post(&format!("{path}/reactivate"), json!({})).await;
    let again = post(&scene.acme, "a", &format!("{path}/suspend"), json!({})).await;
    assert_eq!((again.replayed, &again.body["status"]), (true, &json!("SUSPENDED")));
    assert!(again.body["nodes"].is_null(), "no node was told this time");
    assert_eq!(scene.verdict(&subscribed.key).await, ok());
    scene.app.stop().await;
}

#[tokio::test]
async fn another_body_under_the_same_key_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    post(&acme, "a", "/customers", json!({ "name": "Globex" })).await;
    let other = post(&acme, "a", "/customers", json!({ "name": "Hooli" })).await;
    assert_eq!(
        (other.status.as_u16(), &other.body["code"]),
        (422, &json!("idempotency-key-reused"))
    );
    assert_eq!(count(&acme, "/customers").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn of_requests_at_the_same_time_exactly_one_has_an_effect() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for round in 0..8 {
        let mut requests = JoinSet::new();
        for _ in 0..8 {
            let acme = acme.clone();
            requests.spawn(async move {
                post(
                    &acme,
                    &format!("round-{round}"),
                    "/customers",
                    json!({ "name": "Globex" }),
                )
                .await
            });
        }
        let (mut made, mut ids) = (0, Vec::new());
        for replied in requests.join_all().await {
            match (replied.status.as_u16(), replied.replayed) {
                (201, replayed) => {
                    made += usize::from(!replayed);
                    ids.push(text(&replied.body, "id"));
                }
                (409, false) => {
                    assert_eq!(replied.body["code"], "idempotency-in-flight");
                    assert_eq!(replied.body["retry"], "LATER");
                }
                other => panic!("{other:?}: {}", replied.body),
            }
        }
        ids.dedup();
        assert_eq!((made, ids.len()), (1, 1), "round {round}");
        assert_eq!(count(&acme, "/customers").await, round + 1);
    }
    app.stop().await;
}

#[tokio::test]
async fn a_key_belongs_to_one_actor_and_one_route() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let colleague = app.colleague(&acme).await;
    let body = json!({ "name": "Globex" });
    let mut ids = Vec::new();
    for who in [&acme, &colleague, &rival] {
        let made = post(who, "a", "/customers", body.clone()).await;
        assert_eq!((made.status.as_u16(), made.replayed), (201, false), "{}", made.body);
        ids.push(text(&made.body, "id"));
    }
    for (who, id) in [&acme, &colleague, &rival].into_iter().zip(&ids) {
        let again = post(who, "a", "/customers", body.clone()).await;
        assert!(
            again.replayed && again.body["id"] == id.as_str(),
            "each gets its own: {}",
            again.body
        );
    }
    let product = post(&acme, "a", "/products", json!({ "name": "API", "kind": "API" })).await;
    assert_eq!((product.status.as_u16(), product.replayed), (201, false));
    // The same operation on another object is another route.
    let gateways = [acme.gateway("one").await, acme.gateway("two").await];
    for gateway in &gateways {
        let consumer = post(&acme, "b", &format!("/gateways/{gateway}/consumers"), body.clone()).await;
        assert_eq!(
            (consumer.status.as_u16(), &consumer.body["gatewayId"]),
            (201, &json!(gateway))
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn a_refusal_is_not_kept() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for round in 0..10 {
        let key = format!("round-{round}");
        let refused = post(&acme, &key, "/customers", json!({ "name": "" })).await;
        assert_eq!(refused.status, 422);
        let made = post(&acme, &key, "/customers", json!({ "name": "Globex" })).await;
        assert_eq!(
            (made.status.as_u16(), made.replayed),
            (201, false),
            "round {round}: {}",
            made.body
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn neither_a_refusal_nor_a_replay_holds_its_key_longer_than_its_answer_takes() {
    let proxy = Proxy::start(&database::create().await).await;
    let app = TestApp::start_as(settings(&proxy.url()), manual_clock()).await;
    let acme = app.tenant("acme").await;
    let installation = app.holder(&app.installation_token().await);
    // Whoever leaves its rollback for later is caught: it arrives after the next request. The first one of
    // each request only found the token.
    let hold_back = || proxy.hold_back(2, "ROLLBACK", Duration::from_millis(200));
    let named = |name: &str| json!({ "name": name });
    for (who, path, bad) in [
        (&acme, "/customers", named("")),
        // Taken: its slug would be another tenant's.
        (&installation, "/tenants", named("acme")),
    ] {
        hold_back();
        let refused = post(who, "a", path, bad).await;
        assert!(matches!(refused.status.as_u16(), 409 | 422), "{}", refused.body);
        let made = post(who, "a", path, named("Globex")).await;
        assert_eq!((made.status.as_u16(), made.replayed), (201, false), "{}", made.body);
        hold_back();
        let again = post(who, "a", path, named("Globex")).await;
        assert_eq!((again.status.as_u16(), again.replayed), (201, true), "{}", again.body);
        app.clock.advance(DAY);
        let later = post(who, "a", path, named("Hooli")).await;
        assert_eq!((later.status.as_u16(), later.replayed), (201, false), "{}", later.body);
    }
    app.stop().await;
}

#[tokio::test]
async fn creating_a_tenant_can_be_repeated_as_well() {
    let app = TestApp::start().await;
    let installation = app.holder(&app.installation_token().await);
    let mut first = post(&installation, "a", "/tenants", json!({ "name": "Initech" })).await;
    assert_eq!((first.status.as_u16(), first.replayed), (201, false));
    let token = text(&first.body, "operatorToken");
    first.body.as_object_mut().unwrap().remove("operatorToken");
    let again = post(&installation, "a", "/tenants", json!({ "name": "Initech" })).await;
    assert_eq!(
        (again.status.as_u16(), again.replayed, again.body),
        (201, true, first.body)
    );
    let other = post(&installation, "a", "/tenants", json!({ "name": "Hooli" })).await;
    assert_eq!(other.status, 422);
    assert_eq!(count(&installation, "/tenants").await, 1);
    assert_eq!(count(&app.holder(&token), "/tenants").await, 1, "the one token works");
    app.stop().await;
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day() {
    let app = TestApp::start_with(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let body = json!({ "name": "Globex" });
    let first = text(&post(&acme, "a", "/customers", body.clone()).await.body, "id");
    let moment = Duration::from_secs(1);
    app.clock.advance(DAY - moment);
    assert!(post(&acme, "a", "/customers", body.clone()).await.replayed);
    app.clock.advance(moment);
    let later = post(&acme, "a", "/customers", json!({ "name": "Even another body" })).await;
    assert_eq!((later.status.as_u16(), later.replayed), (201, false), "{}", later.body);
    assert_ne!(text(&later.body, "id"), first);
    app.stop().await;
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for bad in ["", &"x".repeat(256)] {
        let refused = post(&acme, bad, "/customers", json!({ "name": "Globex" })).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.body["code"]),
            (400, &json!("invalid-request"))
        );
    }
    assert_eq!(
        post(&acme, &"x".repeat(255), "/customers", json!({ "name": "Globex" }))
            .await
            .status,
        201
    );
    assert_eq!(count(&acme, "/customers").await, 1);
    app.stop().await;
}
