//! Webhooks from the event to a receiver that judges them with the reference library.

mod destinations;

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use gatewright_database::{Actor, Caller, Database};
use gatewright_notify::fan_out;
use gatewright_testkit::{TestApp, TestTenant, database, manual_clock, settings, working_settings};
use gatewright_types::Clock;
use gatewright_types::ids::RequestId;
use reqwest::Method;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use tokio::net::TcpListener;

use crate::scene::{expect, text};

/// Answers every POST with a status that can be changed, and remembers it.
struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    status: AtomicU16,
    answer: Mutex<String>,
    seen: Mutex<Vec<(HeaderMap, Bytes)>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=t0ps3cret", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            status: AtomicU16::new(204),
            answer: Mutex::default(),
            seen: Mutex::default(),
        });
        let router = Router::new().fallback(Self::receive).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared }
    }

    async fn receive(
        State(shared): State<Arc<Shared>>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, [(&'static str, &'static str); 1], String) {
        shared.seen.lock().unwrap().push((headers, body));
        let status = StatusCode::from_u16(shared.status.load(Ordering::SeqCst)).unwrap();
        (
            status,
            [("location", "http://127.0.0.1:1/")],
            shared.answer.lock().unwrap().clone(),
        )
    }

    fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    fn seen(&self) -> Vec<(HeaderMap, Bytes)> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Everything that has come, once there are so many; waits at most ten seconds.
    async fn wait_for(&self, count: usize) -> Vec<(HeaderMap, Bytes)> {
        for _ in 0..500 {
            if self.seen().len() >= count {
                return self.seen();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} of {count} came", self.seen().len());
    }
}

fn field<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers[name].to_str().unwrap()
}

/// Whether one of the signatures is what the reference library makes of this secret, whatever the time.
fn is_signed_by(secret: &str, (headers, body): &(HeaderMap, Bytes)) -> bool {
    let timestamp = field(headers, "webhook-timestamp").parse().unwrap();
    let expected = Webhook::new(secret)
        .unwrap()
        .sign(field(headers, "webhook-id"), timestamp, body)
        .unwrap();
    field(headers, "webhook-signature")
        .split(' ')
        .any(|one| one == expected)
}

async fn deliveries(who: &TestTenant, endpoint: &str) -> Vec<Value> {
    let page = who
        .get(&format!("/webhook-endpoints/{endpoint}/deliveries?limit=100"))
        .await;
    page["items"].as_array().unwrap().clone()
}

/// The endpoint's only delivery, as soon as it was made.
async fn only_delivery(who: &TestTenant, endpoint: &str) -> String {
    for _ in 0..500 {
        if let [only] = deliveries(who, endpoint).await.as_slice() {
            return text(only, "id");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no delivery was made");
}

/// A delivery as soon as it has so many attempts.
async fn attempted(who: &TestTenant, delivery: &str, attempts: usize) -> Value {
    for _ in 0..500 {
        let shown = who.get(&format!("/webhook-deliveries/{delivery}")).await;
        if shown["attempts"].as_array().unwrap().len() >= attempts {
            return shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not {attempts} attempts");
}

#[tokio::test]
async fn an_event_arrives_signed_as_the_reference_library_expects() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let receiver = Receiver::start().await;
    let (endpoint, secret) = acme.webhook_endpoint(&receiver.url, &["catalog.product.created"]).await;
    assert!(secret.starts_with("whsec_"), "{secret}");
    acme.customer("nobody asked for this").await;
    let product = acme.product("Translation API").await;
    let (headers, body) = receiver.wait_for(1).await.remove(0);
    Webhook::new(&secret).unwrap().verify(&body, &headers).unwrap();
    assert!(Webhook::new("whsec_AAAA").unwrap().verify(&body, &headers).is_err());
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["type"], "catalog.product.created");
    assert_eq!(
        (text(&event, "id").as_str(), text(&event["data"], "resourceId")),
        (field(&headers, "webhook-id"), product)
    );
    assert_eq!(field(&headers, "content-type"), "application/json");

    let id = only_delivery(&acme, &endpoint).await;
    let delivery = acme.delivery_in(&id, "DELIVERED").await;
    let attempt = &delivery["attempts"][0];
    assert_eq!(
        (&attempt["status"], &attempt["error"], &attempt["number"]),
        (&json!(204), &Value::Null, &json!(1))
    );
    assert!(attempt["timings"]["firstByteMs"].as_f64().unwrap() > 0.0, "{attempt}");
    assert_eq!(delivery["payload"].as_str().unwrap().as_bytes(), &body[..]);
    app.stop().await;
}

#[tokio::test]
async fn a_test_event_reaches_its_endpoint_and_no_other() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    let (endpoint, secret) = acme.webhook_endpoint(&receiver.url, &["catalog.*"]).await;
    acme.webhook_endpoint(&other.url, &["notify.webhook_endpoint.tested"])
        .await;
    let delivery = acme
        .create(&format!("/webhook-endpoints/{endpoint}/test"), json!({}))
        .await;
    acme.delivery_in(&delivery, "DELIVERED").await;
    fan_out::all(app.process.database()).await.unwrap();
    let seen = receiver.seen();
    assert_eq!((seen.len(), other.seen().len()), (1, 0));
    assert!(is_signed_by(&secret, &seen[0]));
    app.stop().await;
}

#[tokio::test]
async fn the_old_secret_signs_along_for_a_day_after_a_rotation() {
    let app = TestApp::start_working(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let receiver = Receiver::start().await;
    let (endpoint, old) = acme.webhook_endpoint(&receiver.url, &["catalog.*"]).await;
    let path = format!("/webhook-endpoints/{endpoint}");
    let new = text(&acme.post(&format!("{path}/rotate-secret"), json!({})).await, "secret");
    assert_ne!(old, new);
    let tested = async |count: usize| {
        acme.post(&format!("{path}/test"), json!({})).await;
        receiver.wait_for(count).await.pop().unwrap()
    };
    let both = tested(1).await;
    assert!(is_signed_by(&old, &both) && is_signed_by(&new, &both));
    let again = expect(
        &acme,
        409,
        Method::POST,
        &format!("{path}/rotate-secret"),
        Some(json!({})),
    )
    .await;
    assert_eq!(again["code"], "rotation-in-progress");
    app.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let one = tested(2).await;
    assert!(!is_signed_by(&old, &one) && is_signed_by(&new, &one));
    // After a leak the old one ends at once.
    let leaked = new;
    let new = text(
        &acme
            .post(&format!("{path}/rotate-secret"), json!({ "endOverlap": true }))
            .await,
        "secret",
    );
    let one = tested(3).await;
    assert!(!is_signed_by(&leaked, &one) && is_signed_by(&new, &one));
    let shown = acme.get(&path).await.to_string();
    assert!(!shown.contains("whsec_"), "shown once: {shown}");
    app.stop().await;
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_on_schedule_given_up_and_replayed() {
    let app = TestApp::start_working(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let receiver = Receiver::start().await;
    receiver.answer(503);
    *receiver.shared.answer.lock().unwrap() = "no\0pe ".repeat(2_000);
    let (endpoint, secret) = acme.webhook_endpoint(&receiver.url, &["catalog.product.created"]).await;
    acme.product("Translation API").await;
    let id = only_delivery(&acme, &endpoint).await;
    let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
    for (tried, pause) in (1..).zip(pauses) {
        let shown = attempted(&acme, &id, tried).await;
        assert_eq!(
            (&shown["state"], shown["attempts"].as_array().unwrap().len()),
            (&json!("PENDING"), tried)
        );
        let last = &shown["attempts"][tried - 1];
        assert_eq!((&last["status"], &last["answerCut"]), (&json!(503), &json!(true)));
        assert!((4_000..=4_100 * 3).contains(&text(last, "answer").len()));
        let next: chrono::DateTime<chrono::Utc> = text(&shown, "nextAttemptAt").parse().unwrap();
        let wait = (next - app.clock.now()).num_milliseconds();
        assert!((pause * 1_000..=pause * 1_100).contains(&wait), "{tried}: {wait} ms");
        app.clock.advance(Duration::from_millis(u64::try_from(wait).unwrap()));
    }
    let given_up = acme.delivery_in(&id, "FAILED").await;
    assert_eq!(given_up["attempts"].as_array().unwrap().len(), 10);
    let seen = receiver.seen();
    let ids: Vec<&str> = seen.iter().map(|(headers, _)| field(headers, "webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "one id for all attempts");
    assert!(
        seen.iter().all(|one| is_signed_by(&secret, one) && one.1 == seen[0].1),
        "each is signed anew"
    );

    receiver.answer(200);
    let path = format!("/webhook-endpoints/{endpoint}/replay");
    let nothing = acme
        .post(&path, json!({ "since": app.clock.now() + chrono::TimeDelta::hours(1) }))
        .await;
    assert_eq!(nothing, json!({ "replayed": 0, "more": false }));
    let replayed = acme.post(&path, json!({ "since": "2026-01-01T00:00:00Z" })).await;
    assert_eq!(replayed, json!({ "replayed": 1, "more": false }));
    let delivered = acme.delivery_in(&id, "DELIVERED").await;
    assert_eq!(delivered["attempts"].as_array().unwrap().len(), 11);
    acme.post(&format!("/webhook-deliveries/{id}/replay"), json!({})).await;
    assert_eq!(
        receiver.wait_for(12).await[11].0["webhook-id"],
        ids[0],
        "the same event again"
    );
    let shown = acme.get(&format!("/webhook-endpoints/{endpoint}")).await;
    assert_eq!(shown["failingSince"], Value::Null, "it works again");
    app.stop().await;
}

#[tokio::test]
async fn gone_disables_an_endpoint_at_once() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let receiver = Receiver::start().await;
    receiver.answer(410);
    let (endpoint, _) = acme.webhook_endpoint(&receiver.url, &["catalog.product.created"]).await;
    let path = format!("/webhook-endpoints/{endpoint}");
    acme.product("Translation API").await;
    let id = only_delivery(&acme, &endpoint).await;
    acme.delivery_in(&id, "FAILED").await;
    let shown = acme.get(&path).await;
    assert_eq!(
        (&shown["state"], &shown["disabledReason"]),
        (&json!("DISABLED"), &json!("GONE"))
    );
    acme.product("Another API").await;
    fan_out::all(app.process.database()).await.unwrap();
    assert_eq!(deliveries(&acme, &endpoint).await.len(), 1, "it gets nothing more");
    for refused in [format!("{path}/test"), format!("/webhook-deliveries/{id}/replay")] {
        let problem = expect(&acme, 409, Method::POST, &refused, Some(json!({}))).await;
        assert_eq!(problem["code"], "webhook-endpoint-disabled");
    }
    receiver.answer(200);
    expect(&acme, 200, Method::PATCH, &path, Some(json!({ "state": "ENABLED" }))).await;
    acme.post(&format!("/webhook-deliveries/{id}/replay"), json!({})).await;
    acme.delivery_in(&id, "DELIVERED").await;
    app.stop().await;
}

#[tokio::test]
async fn five_days_of_failures_disable_an_endpoint_with_a_mail_and_an_event() {
    let app = TestApp::start_working(manual_clock()).await;
    let acme = app.tenant("acme").await;
    let (receiver, watcher) = (Receiver::start().await, Receiver::start().await);
    receiver.answer(302);
    let body =
        json!({ "url": receiver.url, "eventTypes": ["catalog.product.created"], "contactEmail": "ada@example.com" });
    let endpoint = acme.create("/webhook-endpoints", body).await;
    acme.webhook_endpoint(&watcher.url, &["notify.webhook_endpoint.disabled"])
        .await;
    acme.product("Translation API").await;
    let first = only_delivery(&acme, &endpoint).await;
    let shown = attempted(&acme, &first, 1).await;
    assert_eq!(shown["attempts"][0]["status"], 302, "no redirect is followed");
    app.clock.advance(Duration::from_secs(5 * 24 * 3600));
    attempted(&acme, &first, 2).await;
    acme.delivery_in(&first, "FAILED").await;
    let shown = acme.get(&format!("/webhook-endpoints/{endpoint}")).await;
    assert_eq!(
        (&shown["state"], &shown["disabledReason"]),
        (&json!("DISABLED"), &json!("FAILING"))
    );
    let (_, told) = watcher.wait_for(1).await.remove(0);
    let told = String::from_utf8(told.to_vec()).unwrap();
    assert!(told.contains(&endpoint) && !told.contains("t0ps3cret"), "{told}");
    let home = app.process.api_url().replace("/api/v1", "");
    let mut page = String::new();
    for _ in 0..500 {
        page = app
            .client
            .get(format!("{home}/mailbox"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        if page.contains("ada@example.com") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        page.contains("ada@example.com") && page.contains("was disabled"),
        "{page}"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_is_not_opened_is_refused_by_number_at_once_and_by_name_at_each_attempt() {
    let url = database::create().await;
    let mut settings = working_settings(&url);
    settings.egress_allow.clear();
    let app = TestApp::start_as(settings, Clock::System).await;
    let acme = app.tenant("acme").await;
    for (url, word) in [
        ("https://127.0.0.1/", "loopback"),
        ("https://0x7f.1:8443/", "loopback"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("https://169.254.169.254/latest", "metadata"),
        ("http://example.com/", "https"),
        ("ftp://example.com/", "http"),
        ("https://user:pass@example.com/", "user"),
        ("nonsense", "URL"),
    ] {
        let problem = expect(
            &acme,
            422,
            Method::POST,
            "/webhook-endpoints",
            Some(json!({ "url": url })),
        )
        .await;
        assert_eq!(problem["errors"][0]["field"], "/url");
        assert!(text(&problem["errors"][0], "detail").contains(word), "{problem}");
    }
    // Our own port, by a name that leads to this machine.
    let port = app
        .process
        .api_url()
        .split(':')
        .nth(2)
        .unwrap()
        .split('/')
        .next()
        .unwrap()
        .to_owned();
    let (endpoint, _) = acme.webhook_endpoint(&format!("https://localhost:{port}/"), &[]).await;
    let test = acme
        .create(&format!("/webhook-endpoints/{endpoint}/test"), json!({}))
        .await;
    let shown = attempted(&acme, &test, 1).await;
    let attempt = &shown["attempts"][0];
    assert!(
        attempt["status"].is_null() && text(attempt, "error").contains("loopback"),
        "{attempt}"
    );
    app.stop().await;
}

#[tokio::test]
async fn every_event_is_handed_out_once_whenever_it_commits() {
    let url = database::create().await;
    let app = TestApp::start_as(settings(&url), Clock::System).await;
    let acme = app.tenant("acme").await;
    let (endpoint, _) = acme.webhook_endpoint("https://example.com/hooks", &["catalog.*"]).await;
    let database = app.process.database();
    let caller = || Caller {
        tenant_id: acme.id.parse().unwrap(),
        actor: Actor::System,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    // An event of before, whose transaction ends after those that came later were handed out.
    let mut late = database.tenant(caller()).await.unwrap();
    late.happened("catalog", "product.created", "late", json!({}));
    for number in 0..250 {
        let mut tx = database.tenant(caller()).await.unwrap();
        tx.happened("catalog", "product.created", number, json!({}));
        tx.commit().await.unwrap();
    }
    let hand_out = async |database: Database| fan_out::all(&database).await.unwrap();
    let (a, b, c) = tokio::join!(
        hand_out(database.clone()),
        hand_out(database.clone()),
        hand_out(database.clone())
    );
    assert_eq!(a + b + c, 250, "three at once hand out each event once");
    late.commit().await.unwrap();
    assert_eq!(fan_out::all(database).await.unwrap(), 1, "the late one is not missed");
    assert_eq!(fan_out::all(database).await.unwrap(), 0);
    let mut connection = database::connect(&url).await;
    let jobs: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE kind = 'notify.deliver_webhook'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(jobs, 251, "a job for each");
    assert_eq!(deliveries(&acme, &endpoint).await.len(), 100, "a page of them");
    app.stop().await;
}

#[tokio::test]
async fn an_endpoint_is_judged_whole_and_has_limits() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let body = json!({
        "url": "https://example.com/", "eventTypes": ["catalog.*", "catalog.product.made"], "contactEmail": "ada@example.com\r\nBcc: eve@example.com",
        "description": "x".repeat(1_001),
    });
    let problem = expect(&acme, 422, Method::POST, "/webhook-endpoints", Some(body)).await;
    let fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["/description", "/eventTypes/1", "/contactEmail"]);
    for _ in 0..20 {
        acme.webhook_endpoint("https://example.com/", &[]).await;
    }
    let problem = expect(
        &acme,
        409,
        Method::POST,
        "/webhook-endpoints",
        Some(json!({ "url": "https://example.com/" })),
    )
    .await;
    assert_eq!(problem["code"], "limit-reached");
    app.stop().await;
}

#[tokio::test]
async fn a_signing_secret_is_shown_once_and_stored_nowhere() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let request = || {
        acme.request(Method::POST, "/webhook-endpoints")
            .header("idempotency-key", "once")
            .json(&json!({ "url": "https://example.com/hook?token=t0ps3cret" }))
    };
    let first: Value = request().send().await.unwrap().json().await.unwrap();
    let secret = text(&first, "secret");
    let again: Value = request().send().await.unwrap().json().await.unwrap();
    assert_eq!((&again["id"], again.get("secret")), (&first["id"], None));
    let bare = secret.strip_prefix("whsec_").unwrap();
    let bytes: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    for (table, row) in database::dump(&app.database_url).await {
        assert!(!row.contains(bare) && !row.contains(&bytes), "{table}: {row}");
        if table == "audit_events" || table == "outbox_events" {
            assert!(!row.contains("t0ps3cret"), "{table}: {row}");
        }
    }
    app.stop().await;
}
