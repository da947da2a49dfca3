//! A subscription on Amazon API Gateway, through our API, AWS's stages and the native gateway.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant, Upstream, database};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::aws::{ACCESS_KEY_ID, Fake, Options, SECRET_ACCESS_KEY, Seed};
use vendor_fakes::faults::{Fault, Rule};

struct Scene {
    app: TestApp,
    tenant: TestTenant,
    aws: Fake,
    connection_id: String,
    orders: String,
    plan_id: String,
    customer_id: String,
    _upstream: Upstream,
}

impl Scene {
    /// Two products, each mapped to a usage plan and on a route of the native gateway.
    async fn with(more: Value) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        let tenant = app.tenant("acme").await;
        let upstream = Upstream::start().await;
        let options = Options {
            seed: Seed::Demo,
            ..Options::default()
        };
        let aws = Fake::start(options).await.unwrap();
        let mut body = json!({
            "vendor": "AWS_API_GATEWAY", "name": "aws", "environment": "LIVE",
            "settings": { "region": "eu-central-1", "url": aws.admin_url(), "stsUrl": aws.admin_url() },
            "credentials": { "accessKeyId": ACCESS_KEY_ID, "secretAccessKey": SECRET_ACCESS_KEY },
        });
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        let connection_id = tenant.create("/connections", body).await;
        let gateway = tenant.gateway("acme").await;
        let service = tenant.service(&gateway, "shop", &upstream.url()).await;
        let mut products = Vec::new();
        for (name, path, plan) in [("Orders", "/orders", "plan01"), ("Payments", "/payments", "plan02")] {
            let product_id = tenant.product(name).await;
            let mapping = format!("/connections/{connection_id}/mappings/{product_id}");
            let (status, answer) = tenant
                .call(Method::PUT, &mapping, Some(json!({ "scope": [plan] })))
                .await;
            assert_eq!(status, 200, "{answer:#}");
            tenant
                .secure_route(&gateway, &service, "GET", path, Some(&product_id))
                .await;
            products.push(product_id);
        }
        let plan_id = tenant.plan("Basic", &[&products[0], &products[1]]).await;
        let customer_id = tenant.customer("Globex").await;
        aws.mark_foreign();
        Self {
            orders: products.swap_remove(0),
            app,
            tenant,
            aws,
            connection_id,
            plan_id,
            customer_id,
            _upstream: upstream,
        }
    }

    async fn subscribe(&self) -> Value {
        let body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        let (status, body) = self.tenant.call(Method::POST, "/subscriptions", Some(body)).await;
        assert_eq!(status, 201, "{body:#}");
        body
    }

    /// Waits until the subscription stands so on AWS, 20 s at most.
    async fn until(&self, id: &str, state: &str) -> Value {
        let path = format!("/subscriptions/{id}/gateways");
        let mut seen = Value::Null;
        for _ in 0..400 {
            let all = self.tenant.get(&path).await;
            let items = all["items"].as_array().unwrap().iter();
            seen = items
                .filter(|one| one["gatewayId"] == self.connection_id.as_str())
                .cloned()
                .collect();
            if seen[0]["state"] == state {
                return seen[0].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {state}: {seen:#}");
    }

    /// Waits until the subscription stands so on every connected gateway, 20 s at most.
    async fn everywhere(&self, id: &str, state: &str) {
        let mut seen = Value::Null;
        for _ in 0..400 {
            seen = self.tenant.get(&format!("/subscriptions/{id}/gateways")).await;
            let mut items = seen["items"].as_array().unwrap().iter();
            if items.all(|one| one["kind"] == "NATIVE" || one["state"] == state) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {state} everywhere: {seen:#}");
    }

    /// What AWS's stages say to a key: at orders, at payments.
    async fn at_aws(&self, key: &str) -> [u16; 2] {
        let ask = async |path: &str| {
            let request = self.app.client.get(format!("{}{path}", self.aws.proxy_url()));
            request.header("x-api-key", key).send().await.unwrap().status().as_u16()
        };
        [ask("/orders").await, ask("/payments").await]
    }

    /// Waits until AWS's stages say so to a key, 20 s at most.
    async fn becomes(&self, key: &str, expected: [u16; 2]) {
        let mut found = [0; 2];
        for _ in 0..400 {
            found = self.at_aws(key).await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {expected:?}: {found:?}, {:#?}", self.ours());
    }

    /// What the native gateway says to it.
    async fn at_ours(&self, key: &str) -> [u16; 2] {
        let ask = async |path: &str| self.tenant.through("acme", path, Some(key)).await.0.as_u16();
        [ask("/orders").await, ask("/payments").await]
    }

    /// A key's next secret.
    async fn rotate(&self, key_id: &str, overlap_seconds: u32) -> String {
        let body = json!({ "overlapSeconds": overlap_seconds, "endOverlap": true });
        let rotated = self.tenant.post(&format!("/keys/{key_id}/rotate"), body).await;
        rotated["secret"].as_str().unwrap().to_owned()
    }

    /// Narrows a key to these products; null for all.
    async fn narrow(&self, key_id: &str, product_ids: Value) {
        let body = Some(json!({ "productIds": product_ids }));
        let (status, answer) = self.tenant.call(Method::PATCH, &format!("/keys/{key_id}"), body).await;
        assert_eq!(status, 200, "{answer:#}");
    }

    async fn post(&self, path: &str) -> Value {
        self.tenant.post(path, json!({})).await
    }

    /// Keys of ours that AWS has.
    fn ours(&self) -> Vec<Value> {
        let state = self.aws.state();
        let keys = state["apikeys"].as_array().unwrap().iter();
        keys.filter(|key| key["name"].as_str().unwrap().starts_with("gwr-"))
            .cloned()
            .collect()
    }

    /// Nothing is left, nothing of others was touched, and no secret stands in the database.
    async fn assert_clean(&self) {
        assert!(self.ours().is_empty(), "{:?}", self.ours());
        assert!(self.aws.touched().is_empty(), "{:?}", self.aws.touched());
        let rates = &self.aws.state()["rates"];
        for operation in ["*", "CreateApiKey", "DeleteApiKey"] {
            assert_eq!(rates[operation]["over"], 0, "AWS's rates were kept: {rates:#}");
        }
        assert!(rates["UpdateUsagePlan"].is_null(), "plans are never changed");
        let rows = database::dump(&self.app.database_url).await;
        for secret in self.aws.secrets().iter().map(String::as_str).chain([SECRET_ACCESS_KEY]) {
            let told = rows.iter().find(|(_, row)| row.contains(secret));
            assert!(told.is_none(), "a secret stands in {}", told.unwrap().0);
        }
    }
}

const BOTH: [u16; 2] = [200, 200];
const NEITHER: [u16; 2] = [403, 403];

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriptions_whole_life_reaches_aws_and_the_native_gateway() {
    let scene = Scene::with(json!({})).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let key = made["apiKey"]["secret"].as_str().unwrap();
    scene.until(id, "ACTIVE").await;
    assert_eq!((scene.at_aws(key).await, scene.at_ours(key).await), (BOTH, BOTH));

    let new = scene.rotate(key_id, 600).await;
    let there = scene.until(id, "ACTIVE").await;
    assert_eq!(there["credentials"].as_array().unwrap().len(), 2, "{there:#}");
    assert_eq!((scene.at_aws(key).await, scene.at_aws(&new).await), (BOTH, BOTH));
    // Narrowed meanwhile, the old secret opens no more than the new one.
    scene.narrow(key_id, json!([scene.orders])).await;
    scene.becomes(&new, [200, 403]).await;
    scene.becomes(key, [200, 403]).await;
    scene.narrow(key_id, Value::Null).await;
    scene.becomes(&new, BOTH).await;
    let old = scene.rotate(key_id, 0).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!((scene.at_aws(key).await, scene.at_aws(&new).await), (NEITHER, NEITHER));
    let new = &scene.rotate(key_id, 2).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.at_aws(new).await, BOTH);
    scene.becomes(&old, NEITHER).await;
    assert_eq!(scene.at_aws(new).await, BOTH, "the overlap is over");

    scene.post(&format!("/subscriptions/{id}/suspend")).await;
    scene.until(id, "SUSPENDED").await;
    assert_eq!((scene.at_aws(new).await, scene.at_ours(new).await), (NEITHER, NEITHER));
    assert!(scene.ours().iter().all(|key| key["enabled"] == false));
    scene.post(&format!("/subscriptions/{id}/reactivate")).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!((scene.at_aws(new).await, scene.at_ours(new).await), (BOTH, BOTH));

    // Only orders, and both again.
    scene.narrow(key_id, json!([scene.orders])).await;
    scene.becomes(new, [200, 403]).await;
    scene.narrow(key_id, Value::Null).await;
    scene.becomes(new, BOTH).await;

    // Its only key suspended: nothing of the subscription is at AWS then, and that is as it should be.
    scene.post(&format!("/keys/{key_id}/suspend")).await;
    scene.becomes(new, NEITHER).await;
    scene.until(id, "ACTIVE").await;
    scene.post(&format!("/keys/{key_id}/reactivate")).await;
    // Its secret was kept for its return.
    scene.becomes(new, BOTH).await;

    // AWS is away, and has caught up afterwards.
    scene.aws.down().await;
    scene.post(&format!("/subscriptions/{id}/suspend")).await;
    scene.until(id, "UNREACHABLE").await;
    scene.aws.up().await.unwrap();
    scene.until(id, "SUSPENDED").await;
    assert_eq!(scene.at_aws(new).await, NEITHER);
    scene.post(&format!("/subscriptions/{id}/reactivate")).await;
    scene.until(id, "ACTIVE").await;

    scene.post(&format!("/keys/{key_id}/revoke")).await;
    scene.until(id, "REMOVED").await;
    assert_eq!(scene.at_aws(new).await, NEITHER);
    scene.post(&format!("/subscriptions/{id}/cancel")).await;
    scene.until(id, "REMOVED").await;
    scene.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_aws_made_is_revealed_once_and_rotated() {
    let scene = Scene::with(json!({ "secretMode": "GATEWAY_GENERATED", "primary": true })).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let there = scene.until(id, "ACTIVE").await;
    assert_eq!(there["credentials"][0]["secret"], "READY", "{there:#}");
    let path = format!("/keys/{key_id}/gateways/{}/reveal", scene.connection_id);
    let secret = scene.post(&path).await["secret"].as_str().unwrap().to_owned();
    assert_eq!((scene.at_aws(&secret).await, secret.len()), (BOTH, 40));
    assert_eq!(scene.tenant.call(Method::POST, &path, Some(json!({}))).await.0, 409);

    // Another scope makes no other secret, and reveals none again.
    scene.narrow(key_id, json!([scene.orders])).await;
    scene.becomes(&secret, [200, 403]).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.tenant.call(Method::POST, &path, Some(json!({}))).await.0, 409);
    scene.narrow(key_id, Value::Null).await;
    scene.becomes(&secret, BOTH).await;

    scene.rotate(key_id, 0).await;
    scene.until(id, "ACTIVE").await;
    assert_eq!(scene.at_aws(&secret).await, NEITHER);
    let second = scene.post(&path).await["secret"].as_str().unwrap().to_owned();
    assert_eq!(scene.at_aws(&second).await, BOTH);
    assert_eq!(scene.ours().len(), 1);

    scene.post(&format!("/subscriptions/{id}/cancel")).await;
    scene.until(id, "REMOVED").await;
    assert_eq!(scene.at_aws(&second).await, NEITHER);
    scene.assert_clean().await;
}

/// How long AWS takes for a change: long enough for another to come meanwhile.
const CHANGE_MS: u64 = 250;

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_an_accounts_region_waits_for_the_one_before() {
    let scene = Scene::with(json!({})).await;
    // The same account's region once more, as another connection: of its own mark, and with the same key to the account.
    let second = json!({
        "vendor": "AWS_API_GATEWAY", "name": "aws again", "environment": "LIVE", "secretMode": "GATEWAY_GENERATED",
        "settings": { "region": "eu-central-1", "url": scene.aws.admin_url(), "stsUrl": scene.aws.admin_url() },
        "credentials": { "accessKeyId": ACCESS_KEY_ID, "secretAccessKey": SECRET_ACCESS_KEY },
    });
    let second = scene.tenant.create("/connections", second).await;
    let path = format!("/connections/{second}/mappings/{}", scene.orders);
    let (status, answer) = scene
        .tenant
        .call(Method::PUT, &path, Some(json!({ "scope": ["plan01"] })))
        .await;
    assert_eq!(status, 200, "{answer:#}");
    for method in ["POST", "PATCH", "DELETE"] {
        scene.aws.fail(Rule::new(method, "/**", Fault::Slow { ms: CHANGE_MS }));
    }
    let mut made = Vec::new();
    for _ in 0..2 {
        made.push(scene.subscribe().await["id"].as_str().unwrap().to_owned());
    }
    for id in &made {
        scene.everywhere(id, "ACTIVE").await;
    }
    for id in &made {
        scene.post(&format!("/subscriptions/{id}/cancel")).await;
    }
    for id in &made {
        scene.everywhere(id, "REMOVED").await;
    }
    let counters = scene.aws.counters();
    assert_eq!(counters.concurrent_changes_max, 1, "{counters:#?}");
    assert!(
        counters.concurrent_max > 1,
        "what only looks waits for nobody: {counters:#?}"
    );
    assert!(scene.ours().is_empty(), "{:?}", scene.ours());
}
