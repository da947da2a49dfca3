//! Documents of other addresses: when they are fetched, and from where they are not.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright::notices;
use gatewright_database::jobs::{Registry, Worker, WorkerOptions};
use gatewright_egress::resolve::Resolving;
use gatewright_egress::{Client, Options, Resolve};
use gatewright_testkit::{TestApp, manual_clock, settings, working_settings};
use gatewright_types::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Desk, Source, document};
use crate::scene::{expect, text};

#[tokio::test]
async fn a_source_is_imported_again_only_when_it_has_changed() {
    let desk = Desk::set().await;
    let source = Source::start().await;
    source.put(
        "/openapi.json",
        200,
        &document("First", &["one"]),
        &[("etag", "\"1\""), ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")],
    );
    let spec = desk.import(json!({ "sourceUrl": source.at("/openapi.json") })).await;
    assert_eq!(spec["published"]["title"], "First", "{spec}");
    assert!(spec["syncedAt"].is_string(), "{spec}");
    let (id, path) = (
        text(&spec, "id"),
        format!("/docs/api-specs/{}/revisions", text(&spec, "id")),
    );
    // By its tag.
    expect(&desk.acme, 202, Method::POST, &path, None).await;
    let same = desk.ended(&id).await;
    assert_eq!(
        (&same["latest"]["state"], &same["published"]["number"]),
        (&json!("UNCHANGED"), &json!(1))
    );
    assert_eq!(source.seen().last().unwrap().1["if-none-match"], "\"1\"");
    // Another tag and the same bytes.
    source.put("/openapi.json", 200, &document("First", &["one"]), &[("etag", "\"2\"")]);
    expect(&desk.acme, 202, Method::POST, &path, None).await;
    assert_eq!(desk.ended(&id).await["latest"]["state"], "UNCHANGED");
    source.put(
        "/openapi.json",
        200,
        &document("Second", &["one", "two"]),
        &[("etag", "\"3\"")],
    );
    expect(&desk.acme, 202, Method::POST, &path, None).await;
    let other = desk.ended(&id).await;
    assert_eq!(
        (&other["published"]["title"], &other["published"]["cause"]),
        (&json!("Second"), &json!("FETCH"))
    );
    // What cannot be fetched is said, and leaves what is published.
    for (status, body, said) in [
        (500, "x", "it answers 500"),
        (200, "  ", "it is empty"),
        (404, "", "it answers 404"),
    ] {
        source.put("/openapi.json", status, body, &[]);
        expect(&desk.acme, 202, Method::POST, &path, None).await;
        let failed = desk.ended(&id).await;
        assert_eq!(failed["latest"]["state"], "REJECTED");
        assert_eq!(text(&failed, "syncError"), said);
        let revision = desk.latest(&failed).await;
        assert!(text(&revision["findings"][0], "message").contains(said), "{revision}");
        assert_eq!(failed["published"]["title"], "Second");
    }
    desk.app.stop().await;
}

#[tokio::test]
async fn a_source_is_looked_at_as_planned_and_later_after_each_failure() {
    let clock = manual_clock();
    let desk = Desk::set_at(clock.clone()).await;
    let source = Source::start().await;
    source.put("/openapi.json", 200, &document("First", &["one"]), &[]);
    let spec = desk
        .import(json!({ "sourceUrl": source.at("/openapi.json"), "syncMinutes": 5 }))
        .await;
    let id = text(&spec, "id");
    assert_eq!(spec["published"]["title"], "First", "{spec}");
    source.put("/openapi.json", 200, &document("Second", &["one"]), &[]);
    later(&clock, 6);
    let spec = desk.until(&id, |spec| spec["published"]["title"] == "Second").await;
    assert_eq!(spec["published"]["cause"], "SCHEDULE");
    // A look that finds nothing new leaves no revision behind.
    let looks = source.seen().len();
    let synced = text(&spec, "syncedAt");
    later(&clock, 6);
    let spec = desk.until(&id, |spec| text(spec, "syncedAt") != synced).await;
    assert!(source.seen().len() > looks && spec["latest"]["number"] == 2, "{spec}");
    // One that fails is told with its age, and the next comes later.
    source.put("/openapi.json", 503, "away", &[]);
    let mut waits = Vec::new();
    for failures in 1..=3 {
        later(&clock, 45);
        let spec = desk.until(&id, |spec| spec["syncFailures"] == failures).await;
        assert_eq!(text(&spec, "syncError"), "it answers 503");
        let at = |name: &str| chrono::DateTime::parse_from_rfc3339(&text(&spec, name)).unwrap();
        waits.push((at("nextSyncAt") - at("syncFailedAt")).num_minutes());
        assert_eq!(spec["published"]["title"], "Second");
    }
    assert!(waits.is_sorted() && waits[0] >= 10 && waits[2] >= 40, "{waits:?}");
    source.put("/openapi.json", 200, &document("Third", &["one"]), &[]);
    later(&clock, 60);
    let spec = desk.until(&id, |spec| spec["published"]["title"] == "Third").await;
    assert_eq!((&spec["syncFailures"], &spec["syncError"]), (&json!(0), &Value::Null));
    desk.app.stop().await;
}

fn later(clock: &Clock, minutes: u64) {
    clock.advance(Duration::from_secs(60 * minutes));
}

#[tokio::test]
async fn what_is_rolled_back_stays_until_the_source_changes() {
    let desk = Desk::set().await;
    let source = Source::start().await;
    source.put("/a.json", 200, &document("First", &["one"]), &[]);
    let first = desk.import(json!({ "sourceUrl": source.at("/a.json") })).await;
    let id = text(&first, "id");
    let path = format!("/docs/api-specs/{id}/revisions");
    source.put("/a.json", 200, &document("Broken", &["one"]), &[]);
    expect(&desk.acme, 202, Method::POST, &path, None).await;
    desk.ended(&id).await;
    desk.roll_back(&id, &first["published"]).await;
    assert_eq!(desk.ended(&id).await["published"]["title"], "First");
    let secret = secret(&desk, &id).await;
    signed(&desk, &id, &secret).await;
    let spec = desk
        .until(&id, |spec| {
            source.seen().len() >= 3 && spec["syncedAt"] != first["syncedAt"]
        })
        .await;
    assert_eq!(
        spec["published"]["title"], "First",
        "the source is what was rolled back from: {spec}"
    );
    source.put("/a.json", 200, &document("Mended", &["one"]), &[]);
    signed(&desk, &id, &secret).await;
    let spec = desk.until(&id, |spec| spec["published"]["title"] == "Mended").await;
    assert_eq!(spec["published"]["cause"], "WEBHOOK");
    desk.app.stop().await;
}

async fn secret(desk: &Desk, id: &str) -> String {
    let made = expect(
        &desk.acme,
        200,
        Method::POST,
        &format!("/docs/api-specs/{id}/sync-secret"),
        None,
    )
    .await;
    assert_eq!(made["hasSyncSecret"], true);
    text(&made, "secret")
}

/// Says that the source has changed, as GitHub does.
async fn signed(desk: &Desk, id: &str, secret: &str) {
    let body = r#"{"ref":"refs/heads/main"}"#;
    let signature = hub(secret, body);
    let answer = desk
        .reader()
        .bare(Method::POST, &format!("/docs/api-specs/{id}/sync"))
        .header("x-hub-signature-256", signature)
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.status(),
        StatusCode::ACCEPTED,
        "{}",
        answer.text().await.unwrap()
    );
}

fn hub(secret: &str, body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256={hex}")
}

#[tokio::test]
async fn only_who_has_the_secret_can_have_a_source_looked_at() {
    let desk = Desk::set().await;
    let source = Source::start().await;
    source.put("/a.json", 200, &document("First", &["one"]), &[]);
    let spec = desk.import(json!({ "sourceUrl": source.at("/a.json") })).await;
    let id = text(&spec, "id");
    let path = format!("/docs/api-specs/{id}/sync");
    let looks = source.seen().len();
    let refused = async |fields: &[(&'static str, String)], path: &str| {
        let mut request = desk
            .reader()
            .bare(Method::POST, path)
            .header("content-type", "application/json")
            .body("{}");
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json::<Value>().await.unwrap()["detail"].clone())
    };
    let without = refused(&[("x-hub-signature-256", hub("whsec_x", "{}"))], &path).await;
    assert_eq!(without.0, StatusCode::UNAUTHORIZED);
    let secret = secret(&desk, &id).await;
    let now = desk.app.clock.now().timestamp();
    let old = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", (now - 301).to_string()),
        ("webhook-signature", standard(&secret, "msg_1", now - 301, "{}")),
    ];
    let nowhere = "/docs/api-specs/spec_01m80hxe67f59s79ed8y354rh0/sync";
    for (fields, path) in [
        (vec![], path.as_str()),
        (vec![("x-hub-signature-256", hub("whsec_x", "{}"))], &path),
        (vec![("x-hub-signature-256", hub(&secret, "{ }"))], &path),
        (old.to_vec(), &path),
        (vec![("x-hub-signature-256", hub(&secret, "{}"))], nowhere),
    ] {
        assert_eq!(refused(&fields, path).await, without, "{path} {fields:?}");
    }
    assert_eq!(source.seen().len(), looks, "nobody looked");
    // A second secret ends the first.
    let second = self::secret(&desk, &id).await;
    assert_eq!(
        refused(&[("x-hub-signature-256", hub(&secret, "{}"))], &path).await,
        without
    );
    let fields = [
        ("webhook-id", "msg_1".to_owned()),
        ("webhook-timestamp", now.to_string()),
        ("webhook-signature", standard(&second, "msg_1", now, "{}")),
    ];
    assert_eq!(refused(&fields, &path).await.0, StatusCode::ACCEPTED);
    desk.until(&id, |_| source.seen().len() > looks).await;
    // Nothing shows it again.
    for path in ["/docs/api-specs", &format!("/docs/api-specs/{id}"), "/audit-events"] {
        let shown = desk.acme.get(path).await.to_string();
        assert!(
            !shown.contains(&second) && !shown.contains(&second["whsec_".len()..]),
            "{path}"
        );
    }
    desk.app.stop().await;
}

fn standard(secret: &str, id: &str, timestamp: i64, body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn what_a_document_refers_to_is_fetched_and_kept_with_it() {
    let desk = Desk::set().await;
    let source = Source::start().await;
    let main = document("Spread", &["one"]).replace("#/components/schemas/Thing", "models/thing.json#/Thing");
    source.put("/api/openapi.json", 200, &main, &[]);
    source.put(
        "/api/models/thing.json",
        200,
        r#"{"Thing":{"type":"object","properties":{"part":{"$ref":"../part.yaml"}}}}"#,
        &[],
    );
    source.put(
        "/api/part.yaml",
        200,
        "type: string\ndescription: A part from elsewhere.\n",
        &[],
    );
    let spec = desk
        .import(json!({ "sourceUrl": source.at("/api/openapi.json") }))
        .await;
    assert_eq!(spec["published"]["state"], "PUBLISHED", "{}", desk.latest(&spec).await);
    let page = desk.read("translation-api/operations/one").await;
    assert!(page.to_string().contains("A part from elsewhere."), "{page}");
    let fetched: Vec<String> = source.seen().into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        fetched,
        ["/api/openapi.json", "/api/models/thing.json", "/api/part.yaml"]
    );
    // One that cannot be had keeps the whole from being published.
    source.put("/api/part.yaml", 404, "", &[]);
    source.put("/api/openapi.json", 200, &main.replace("Spread", "Torn"), &[]);
    let id = text(&spec, "id");
    expect(
        &desk.acme,
        202,
        Method::POST,
        &format!("/docs/api-specs/{id}/revisions"),
        None,
    )
    .await;
    let torn = desk.ended(&id).await;
    assert_eq!(
        (&torn["latest"]["state"], &torn["published"]["title"]),
        (&json!("REJECTED"), &json!("Spread"))
    );
    let revision = desk.latest(&torn).await;
    assert!(
        text(&revision["findings"][0], "message").contains("/api/part.yaml"),
        "{revision}"
    );
    // Rolled back, nothing is fetched: it refers to what it referred to then.
    source.put("/api/part.yaml", 200, "type: string\n", &[]);
    source.put("/api/openapi.json", 200, &document("Plain", &["one"]), &[]);
    expect(
        &desk.acme,
        202,
        Method::POST,
        &format!("/docs/api-specs/{id}/revisions"),
        None,
    )
    .await;
    assert_eq!(desk.ended(&id).await["published"]["title"], "Plain");
    let looks = source.seen().len();
    desk.roll_back(&id, &spec["published"]).await;
    assert_eq!(desk.ended(&id).await["published"]["title"], "Spread");
    assert_eq!(source.seen().len(), looks);
    desk.app.stop().await;
}

/// Places that nothing of a tenant may reach, in every way of writing them.
const FORBIDDEN: [&str; 12] = [
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1/",
    "https://localhost/",
    "https://user:secret@example.com/",
];

#[tokio::test]
async fn neither_an_address_nor_a_reference_nor_a_redirect_leads_inside() {
    let database_url = gatewright_testkit::database::create().await;
    // As it is shipped: nothing that is no public address is open.
    let mut settings = working_settings(&database_url);
    settings.egress_allow.clear();
    let app = TestApp::start_as(settings, Clock::System).await;
    let acme = app.tenant("acme").await;
    let product = acme.product("Translation API").await;
    let desk = Desk { app, acme, product };
    for url in FORBIDDEN.into_iter().chain([
        "ftp://example.com/",
        "file:///etc/passwd",
        "no url",
        "http://example.com/plain",
    ]) {
        let body = json!({ "productId": desk.product, "specFormat": "OPENAPI_3", "sourceUrl": url });
        let (status, answer) = desk.acme.call(Method::POST, "/docs/api-specs", Some(body)).await;
        if status == StatusCode::ACCEPTED {
            // A name is judged by where it leads, when it is asked.
            let spec = desk.ended(&text(&answer, "id")).await;
            assert_eq!(spec["latest"]["state"], "REJECTED", "{url}");
            expect(
                &desk.acme,
                204,
                Method::DELETE,
                &format!("/docs/api-specs/{}", text(&spec, "id")),
                None,
            )
            .await;
        } else {
            assert_eq!(
                (status.as_u16(), &answer["errors"][0]["field"]),
                (422, &json!("/sourceUrl")),
                "{url}: {answer}"
            );
        }
    }
    for url in FORBIDDEN {
        let referring = document("Referring", &["one"]).replace("#/components/schemas/Thing", &format!("{url}x.json"));
        let spec = desk.import(json!({ "document": referring })).await;
        let revision = desk.latest(&spec).await;
        assert_eq!(spec["latest"]["state"], "REJECTED", "{url}: {revision}");
        assert!(
            text(&revision["findings"][0], "message").contains("cannot be fetched"),
            "{url}: {revision}"
        );
        assert!(!revision.to_string().contains("secret"), "{revision}");
        expect(
            &desk.acme,
            204,
            Method::DELETE,
            &format!("/docs/api-specs/{}", text(&spec, "id")),
            None,
        )
        .await;
    }
    desk.app.stop().await;
}

/// A name whose addresses are the test's, another each time it is looked up; the last one stays.
struct Rebinding(Mutex<Vec<IpAddr>>);

impl Resolve for Rebinding {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        let mut left = self.0.lock().unwrap();
        let address = if left.len() > 1 { left.remove(0) } else { left[0] };
        let answer = match name {
            "rebind.example" => Ok(vec![address]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(std::future::ready(answer))
    }
}

#[tokio::test]
async fn a_name_that_means_another_address_later_leads_nowhere() {
    let mut settings = settings(&gatewright_testkit::database::create().await);
    settings.egress_allow = vec!["127.0.0.2".to_owned()];
    let policy = notices::policy(&settings).unwrap();
    let app = TestApp::start_as(settings, Clock::System).await;
    let resolver = Rebinding(Mutex::new(
        ["127.0.0.2", "127.0.0.1"].map(|ip| ip.parse().unwrap()).into(),
    ));
    let client = Client::new(Options {
        resolver: Arc::new(resolver),
        ..Options::default()
    });
    let mut registry = Registry::new();
    gatewright_portal::import::register(&mut registry, client, policy);
    let worker = Worker::start(app.process.database().clone(), registry, WorkerOptions::default());
    let acme = app.tenant("acme").await;
    let product = acme.product("Translation API").await;
    let desk = Desk { app, acme, product };
    let outside = Source::start_at("127.0.0.2:0").await;
    let port = outside.url.rsplit(':').next().unwrap();
    let inside = Source::start_at(&format!("127.0.0.1:{port}")).await;
    for source in [&outside, &inside] {
        // Nothing rests, so every request looks the name up.
        source.put("/a.json", 200, &document("First", &["one"]), &[("connection", "close")]);
    }
    let url = format!("http://rebind.example:{port}/a.json");
    let spec = desk.import(json!({ "sourceUrl": url })).await;
    assert_eq!(spec["published"]["title"], "First", "{spec}");
    let path = format!("/docs/api-specs/{}/revisions", text(&spec, "id"));
    expect(&desk.acme, 202, Method::POST, &path, None).await;
    let later = desk.ended(&text(&spec, "id")).await;
    assert_eq!(
        (&later["latest"]["state"], &later["published"]["title"]),
        (&json!("REJECTED"), &json!("First"))
    );
    let referring = document("Referring", &["one"]).replace("#/components/schemas/Thing", &url);
    assert_eq!(
        desk.upload(&text(&spec, "id"), &referring).await["latest"]["state"],
        "REJECTED"
    );
    assert_eq!((outside.seen().len(), inside.seen().len()), (1, 0));
    worker.stop(Duration::from_secs(5)).await;
    desk.app.stop().await;
}

#[tokio::test]
async fn every_hop_is_judged_and_the_control_plane_is_never_asked() {
    let desk = Desk::set().await;
    let source = Source::start().await;
    for (path, target) in [
        ("/inside", "http://169.254.169.254/"),
        ("/named", "http://localhost:1/"),
        ("/ourselves", &format!("{}/openapi.json", desk.app.process.api_url())),
        ("/loop", &source.at("/loop")),
        ("/file", "file:///etc/passwd"),
    ] {
        source.put(path, 302, "", &[("location", target)]);
        let spec = desk
            .import(json!({ "sourceUrl": source.at(path), "slug": path.trim_start_matches('/') }))
            .await;
        assert_eq!(spec["latest"]["state"], "REJECTED", "{path}: {spec}");
        assert!(spec["syncError"].is_string(), "{spec}");
    }
    // What is too long is not read to its end.
    source.put("/long", 200, &" ".repeat(17 * 1024 * 1024), &[]);
    let spec = desk
        .import(json!({ "sourceUrl": source.at("/long"), "slug": "long" }))
        .await;
    assert!(
        text(&spec, "syncError").contains("longer than 16777216 bytes"),
        "{spec}"
    );
    // The tenant's own list holds here as well.
    source.put("/good", 200, &document("Good", &["one"]), &[]);
    expect(
        &desk.acme,
        200,
        Method::PUT,
        "/outgoing-destinations",
        Some(json!({ "destinations": ["example.com"] })),
    )
    .await;
    let body = json!({ "productId": desk.product, "specFormat": "OPENAPI_3", "sourceUrl": source.at("/good"), "slug": "good" });
    let problem = expect(&desk.acme, 422, Method::POST, "/docs/api-specs", Some(body)).await;
    assert!(
        text(&problem, "detail").contains("not among the destinations"),
        "{problem}"
    );
    desk.app.stop().await;
}
