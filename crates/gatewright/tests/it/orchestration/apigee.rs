//! A subscription's whole life on an Apigee and on the native gateway beside it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant, Upstream, database};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;
use vendor_fakes::apigee::{Fake, Options, Seed};

const ORDERS: &str = "prod-orders";
/// Its product is approved by hand at Apigee.
const PAYMENTS: &str = "prod-payments";

/// A whole Gatewright with a worker, a native gateway, and an Apigee.
struct Scene {
    app: TestApp,
    tenant: TestTenant,
    apigee: Fake,
    connection_id: String,
    mapping: String,
    plan_id: String,
    customer_id: String,
    _upstream: Upstream,
}

impl Scene {
    async fn with(secret_mode: &str) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        let tenant = app.tenant("acme").await;
        let seed = Seed::Demo;
        let apigee = Fake::start(Options {
            seed,
            ..Options::default()
        })
        .await
        .unwrap();
        let body = json!({
            "vendor": "APIGEE", "name": "apigee", "environment": "LIVE", "secretMode": secret_mode,
            "settings": { "organization": apigee.organization(), "url": apigee.admin_url(), "tokenUrl": apigee.token_url() },
            "credentials": { "serviceAccountKey": apigee.service_account_key() },
        });
        let connection_id = tenant.create("/connections", body).await;
        let product_id = tenant.product("Orders").await;
        let mapping = format!("/connections/{connection_id}/mappings/{product_id}");
        let upstream = Upstream::start().await;
        let gateway_id = tenant.gateway("main").await;
        let service_id = tenant.service(&gateway_id, "orders", &upstream.url()).await;
        tenant
            .secure_route(&gateway_id, &service_id, "GET", "/orders", Some(&product_id))
            .await;
        let plan_id = tenant.plan("Basic", &[&product_id]).await;
        let customer_id = tenant.customer("Globex").await;
        apigee.mark_foreign();
        let scene = Self {
            app,
            tenant,
            apigee,
            connection_id,
            mapping,
            plan_id,
            customer_id,
            _upstream: upstream,
        };
        scene.map(ORDERS).await;
        scene
    }

    async fn map(&self, product: &str) {
        let body = json!({ "scope": [product] });
        let (status, body) = self.tenant.call(Method::PUT, &self.mapping, Some(body)).await;
        assert_eq!(status, 200, "{body:#}");
    }

    async fn subscribe(&self) -> Value {
        let body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        self.tenant.post("/subscriptions", body).await
    }

    /// Waits until what is told of a subscription at the Apigee is so, 20 s at most.
    async fn until(&self, id: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..400 {
            let all = self.tenant.get(&format!("/subscriptions/{id}/gateways")).await;
            let items = all["items"].as_array().unwrap();
            let here = items.iter().find(|one| one["gatewayId"] == self.connection_id.as_str());
            seen = here.cloned().unwrap_or_default();
            if is(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never was so: {seen:#}");
    }

    async fn state(&self, id: &str, state: &str) -> Value {
        self.until(id, |seen| seen["state"] == state).await
    }

    async fn order(&self, path: &str) -> Value {
        self.tenant.post(path, json!({})).await
    }

    /// What Apigee's runtime says to a key, at these two proxies.
    async fn ask(&self, key: &str) -> [u16; 2] {
        let mut statuses = [0; 2];
        for (status, path) in statuses.iter_mut().zip(["orders", "payments"]) {
            let url = format!("{}/{path}", self.apigee.proxy_url());
            let answer = self.app.client.get(url).header("x-apikey", key).send().await.unwrap();
            *status = answer.status().as_u16();
        }
        statuses
    }

    /// Waits until it says so, 20 s at most.
    async fn hears(&self, key: &str, wanted: [u16; 2]) {
        let mut heard = [0; 2];
        for _ in 0..400 {
            heard = self.ask(key).await;
            if heard == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(heard, wanted);
    }

    /// What the native gateway says to it.
    async fn native(&self, key: &str) -> u16 {
        self.tenant.through("main", "/orders", Some(key)).await.0.as_u16()
    }

    /// Nothing of ours is there, and all of others' is as it was.
    fn assert_clean(&self) {
        assert!(self.apigee.touched().is_empty(), "{:?}", self.apigee.touched());
        let state = self.apigee.state();
        for kind in ["developers", "apps"] {
            assert!(!state[kind].to_string().contains("gwr-"), "{:#}", state[kind]);
        }
    }
}

/// Everything that is logged at any level, on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Old and new are there.
fn both_work(seen: &Value) -> bool {
    let all = seen["credentials"].as_array();
    all.is_some_and(|all| all.len() == 2 && all.iter().all(|one| one["state"] == "ACTIVE"))
}

const OPEN: [u16; 2] = [200, 401];
const SHUT: [u16; 2] = [401, 401];

// One thread, so that all that is logged is heard.
#[tokio::test]
async fn a_key_of_ours_lives_on_apigee_and_on_the_native_gateway_and_is_told_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
    let _heard = tracing::subscriber::set_default(subscriber.with_writer(log.clone()).finish());
    let scene = Scene::with("PLATFORM_PROVIDED").await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let key = made["apiKey"]["secret"].as_str().unwrap();
    let there = scene.state(id, "ACTIVE").await;
    assert_eq!(there["credentials"][0]["state"], "ACTIVE", "{there:#}");
    assert_eq!((scene.ask(key).await, scene.native(key).await), (OPEN, 200));

    // Both, until the overlap has ended.
    let rotate = format!("/keys/{key_id}/rotate");
    let rotated = scene.tenant.post(&rotate, json!({ "overlapSeconds": 3 })).await;
    let new = rotated["secret"].as_str().unwrap();
    scene.until(id, both_work).await;
    assert_eq!((scene.ask(key).await, scene.ask(new).await), (OPEN, OPEN));
    assert_eq!(scene.native(new).await, 200);
    scene.hears(key, SHUT).await;
    assert_eq!(scene.ask(new).await, OPEN, "the overlap has ended");

    for (order, state, apigee, native) in [("suspend", "SUSPENDED", SHUT, 403), ("reactivate", "ACTIVE", OPEN, 200)] {
        scene.order(&format!("/subscriptions/{id}/{order}")).await;
        scene.state(id, state).await;
        assert_eq!(
            (scene.ask(new).await, scene.native(new).await),
            (apigee, native),
            "{order}"
        );
    }

    scene.map(PAYMENTS).await;
    // Another product, which somebody has to approve.
    scene.hears(new, [401, 200]).await;

    scene.order(&format!("/keys/{key_id}/suspend")).await;
    scene.hears(new, SHUT).await;
    assert_eq!(scene.native(new).await, 403);
    scene.order(&format!("/keys/{key_id}/reactivate")).await;
    // Its secret was kept.
    scene.hears(new, [401, 200]).await;
    assert_eq!(scene.native(new).await, 200);
    scene
        .until(id, |seen| {
            let mut all = seen["credentials"].as_array().into_iter().flatten();
            seen["state"] == "ACTIVE" && all.any(|one| one["state"] == "ACTIVE")
        })
        .await;

    scene.order(&format!("/subscriptions/{id}/cancel")).await;
    scene.state(id, "REMOVED").await;
    assert_eq!((scene.ask(new).await, scene.native(new).await), (SHUT, 401));
    scene.assert_clean();
    // The consumer key is part of Apigee's addresses; nothing that is kept or logged has it.
    let told = log.text();
    assert!(
        told.contains("connection") || told.contains("gateway"),
        "something was logged"
    );
    let rows = database::dump(&scene.app.database_url).await;
    for secret in scene.apigee.secrets().iter().map(String::as_str).chain([key, new]) {
        assert!(!told.contains(secret), "a key is in the log");
        assert!(
            rows.iter().all(|(_, row)| !row.contains(secret)),
            "a key is in the database"
        );
    }
    assert!(!told.contains("ya29.") && !told.contains("PRIVATE KEY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_apigees_making_is_revealed_once_and_rotated() {
    let scene = Scene::with("GATEWAY_GENERATED").await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let there = scene.state(id, "ACTIVE").await;
    assert_eq!(there["credentials"][0]["secret"], "READY", "{there:#}");
    let reveal = format!("/keys/{key_id}/gateways/{}/reveal", scene.connection_id);
    let secret = scene.order(&reveal).await["secret"].as_str().unwrap().to_owned();
    assert_ne!(secret, made["apiKey"]["secret"].as_str().unwrap());
    assert_eq!(scene.ask(&secret).await, OPEN);
    let rotate = format!("/keys/{key_id}/rotate");
    scene.tenant.post(&rotate, json!({ "overlapSeconds": 600 })).await;
    scene.until(id, both_work).await;
    let new = scene.order(&reveal).await["secret"].as_str().unwrap().to_owned();
    assert_eq!((scene.ask(&secret).await, scene.ask(&new).await), (OPEN, OPEN));
    scene.order(&format!("/subscriptions/{id}/suspend")).await;
    scene.state(id, "SUSPENDED").await;
    assert_eq!((scene.ask(&secret).await, scene.ask(&new).await), (SHUT, SHUT));
    scene.order(&format!("/subscriptions/{id}/reactivate")).await;
    scene.state(id, "ACTIVE").await;
    assert_eq!(scene.ask(&new).await, OPEN);
    scene.order(&format!("/subscriptions/{id}/cancel")).await;
    scene.state(id, "REMOVED").await;
    assert_eq!((scene.ask(&secret).await, scene.ask(&new).await), (SHUT, SHUT));
    scene.assert_clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apigee_that_is_away_is_not_waited_for_and_heals_by_itself() {
    let scene = Scene::with("PLATFORM_PROVIDED").await;
    scene.apigee.down().await;
    let made = scene.subscribe().await;
    let (id, key) = (made["id"].as_str().unwrap(), made["apiKey"]["secret"].as_str().unwrap());
    scene.state(id, "UNREACHABLE").await;
    assert_eq!(scene.native(key).await, 200);
    scene.apigee.up().await.unwrap();
    scene.state(id, "ACTIVE").await;
    assert_eq!(scene.ask(key).await, OPEN);
    scene.apigee.down().await;
    scene.order(&format!("/subscriptions/{id}/cancel")).await;
    assert_eq!(scene.native(key).await, 401);
    scene.apigee.up().await.unwrap();
    scene.state(id, "REMOVED").await;
    assert_eq!(scene.ask(key).await, SHUT);
    scene.assert_clean();
}
