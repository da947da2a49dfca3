//! A tenant with a connected Kong.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::kong::{Fake, Options, Seed};

/// The group that the fake's service `orders` asks for.
pub(crate) const GROUP: &str = "prod-orders";
/// Where that service is at the fake's proxy.
pub(crate) const PATH: &str = "/orders";

/// A whole Gatewright with a worker, and a Kong.
pub(crate) struct Scene {
    pub(crate) app: TestApp,
    pub(crate) tenant: TestTenant,
    pub(crate) kong: Fake,
    pub(crate) connection_id: String,
    pub(crate) product_id: String,
    pub(crate) plan_id: String,
    pub(crate) customer_id: String,
}

impl Scene {
    /// One whose Kong is connected as `more` says.
    pub(crate) async fn with(more: Value) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        let tenant = app.tenant("acme").await;
        let kong = Fake::start(Options {
            seed: Seed::Demo,
            ..Options::default()
        })
        .await
        .unwrap();
        let connection_id = connect(&tenant, &kong, "kong", more).await;
        let product_id = tenant.product("Orders").await;
        map(&tenant, &connection_id, &product_id).await;
        let plan_id = tenant.plan("Basic", &[&product_id]).await;
        let customer_id = tenant.customer("Globex").await;
        kong.mark_foreign();
        Self {
            app,
            tenant,
            kong,
            connection_id,
            product_id,
            plan_id,
            customer_id,
        }
    }

    /// Subscribes the customer; the answer's status and body.
    pub(crate) async fn subscribe(&self) -> (u16, Value) {
        let body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        let (status, body) = self.tenant.call(Method::POST, "/subscriptions", Some(body)).await;
        (status.as_u16(), body)
    }

    /// Where a subscription stands on the Kong.
    pub(crate) async fn on_kong(&self, subscription_id: &str) -> Value {
        let all = self
            .tenant
            .get(&format!("/subscriptions/{subscription_id}/gateways"))
            .await;
        let items = all["items"].as_array().unwrap();
        items
            .iter()
            .find(|one| one["gatewayId"] == self.connection_id.as_str())
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until it stands so, 10 s at most.
    pub(crate) async fn until(&self, subscription_id: &str, state: &str) -> Value {
        let mut seen = Value::Null;
        for _ in 0..200 {
            seen = self.on_kong(subscription_id).await;
            if seen["state"] == state {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {state}: {seen:#}");
    }

    /// What the Kong's proxy says to a key.
    pub(crate) async fn ask(&self, key: &str) -> u16 {
        let url = format!("{}{PATH}", self.kong.proxy_url());
        let answer = self.app.client.get(url).header("apikey", key).send().await.unwrap();
        answer.status().as_u16()
    }
}

/// Connects a Kong.
pub(crate) async fn connect(tenant: &TestTenant, kong: &Fake, name: &str, more: Value) -> String {
    let mut body = json!({
        "vendor": "KONG", "name": name, "environment": "LIVE", "credentials": {},
        "settings": { "flavor": "ADMIN_API", "url": kong.admin_url() },
    });
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    tenant.create("/connections", body).await
}

/// Maps a product to the fake's group.
pub(crate) async fn map(tenant: &TestTenant, connection_id: &str, product_id: &str) {
    let path = format!("/connections/{connection_id}/mappings/{product_id}");
    let (status, body) = tenant.call(Method::PUT, &path, Some(json!({ "scope": [GROUP] }))).await;
    assert_eq!(status, 200, "{body:#}");
}
