//! Subscriptions on Azure API Management, from connecting to nothing being left.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant, Upstream};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::azure::{Fake, Options, Seed};

pub(super) const CLIENT_ID: &str = "0a20c11e-0000-4000-8000-000000000001";
pub(super) const CLIENT_SECRET: &str = "qfr8Q~theOperatorsOwnSecret";

/// A Gatewright with a worker and a native gateway, and a service of Azure's.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) tenant: TestTenant,
    pub(super) azure: Fake,
    _upstream: Upstream,
    pub(super) connection_id: String,
    pub(super) product_id: String,
    pub(super) plan_id: String,
    pub(super) customer_id: String,
}

impl Scene {
    pub(super) async fn with(more: Value) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        let tenant = app.tenant("acme").await;
        let azure = Fake::start(Options {
            seed: Seed::Demo,
            client: Some((CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())),
            ..Options::default()
        })
        .await
        .unwrap();
        let product_id = tenant.product("Orders").await;
        let upstream = Upstream::start().await;
        let gateway_id = tenant.gateway("shop").await;
        let service_id = tenant.service(&gateway_id, "orders", &upstream.url()).await;
        tenant
            .secure_route(&gateway_id, &service_id, "GET", "/orders", Some(&product_id))
            .await;
        let mut body = json!({
            "vendor": "AZURE_API_MANAGEMENT", "name": "azure", "environment": "LIVE",
            "credentials": { "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET },
            "settings": settings(&azure),
        });
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        let connection_id = tenant.create("/connections", body).await;
        let scene = Self {
            plan_id: tenant.plan("Basic", &[&product_id]).await,
            customer_id: tenant.customer("Globex").await,
            app,
            tenant,
            azure,
            _upstream: upstream,
            connection_id,
            product_id,
        };
        let (status, body) = scene.map(&["prod-orders"]).await;
        assert_eq!(status, 200, "{body:#}");
        scene.azure.mark_foreign();
        scene
    }

    pub(super) async fn map(&self, scope: &[&str]) -> (u16, Value) {
        let path = format!("/connections/{}/mappings/{}", self.connection_id, self.product_id);
        let body = Some(json!({ "scope": scope }));
        let (status, body) = self.tenant.call(Method::PUT, &path, body).await;
        (status.as_u16(), body)
    }

    pub(super) async fn subscribe(&self) -> Value {
        let body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        self.tenant.post("/subscriptions", body).await
    }

    /// Where a subscription stands at Azure, as soon as it is as wanted; waits at most 20 s.
    pub(super) async fn until(&self, subscription_id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..400 {
            let all = self
                .tenant
                .get(&format!("/subscriptions/{subscription_id}/gateways"))
                .await;
            let mut items = all["items"].as_array().unwrap().iter();
            let found = items.find(|one| one["gatewayId"] == self.connection_id.as_str());
            seen = found.cloned().unwrap_or_default();
            if wanted(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never as wanted: {seen:#}");
    }

    pub(super) async fn in_state(&self, subscription_id: &str, state: &str) {
        self.until(subscription_id, |seen| seen["state"] == state).await;
    }

    /// What Azure's gateway and our own say to a key.
    pub(super) async fn ask(&self, key: &str) -> (u16, u16) {
        let ours = self.tenant.through("shop", "/orders", Some(key)).await.0;
        (self.ask_azure("/orders", key).await, ours.as_u16())
    }

    pub(super) async fn ask_azure(&self, path: &str, key: &str) -> u16 {
        let request = self.app.client.get(format!("{}{path}", self.azure.proxy_url()));
        let answer = request.header("Ocp-Apim-Subscription-Key", key).send().await.unwrap();
        answer.status().as_u16()
    }

    pub(super) async fn order(&self, path: &str) {
        self.tenant.post(path, json!({})).await;
    }

    /// Nothing of ours is there, nothing of others' was touched, nobody was written to, and the rate was kept.
    pub(super) fn assert_clean(&self) {
        assert!(self.azure.touched().is_empty(), "{:?}", self.azure.touched());
        let state = self.azure.state();
        assert!(!state.to_string().contains("gwr-"), "{state:#}");
        assert_eq!(state["mails"], 0);
        for kind in ["reads", "writes", "deletes"] {
            assert_eq!(state["throttle"][kind]["exceeded"], 0, "{kind}");
        }
    }
}

fn settings(azure: &Fake) -> Value {
    let options = azure.options();
    json!({
        "subscriptionId": options.subscription_id, "resourceGroup": options.resource_group,
        "serviceName": options.service_name, "tenantId": options.tenant_id,
        "url": azure.admin_url(), "loginUrl": azure.admin_url(),
    })
}

#[tokio::test]
async fn a_subscriptions_whole_life_reaches_azure_and_our_own_gateway_alike() {
    let scene = Scene::with(json!({})).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let old = made["apiKey"]["secret"].as_str().unwrap();
    scene.in_state(id, "ACTIVE").await;
    assert_eq!(scene.ask(old).await, (200, 200));

    let body = json!({ "overlapSeconds": 2 });
    let rotated = scene.tenant.post(&format!("/keys/{key_id}/rotate"), body).await;
    let new = rotated["secret"].as_str().unwrap();
    let both =
        |seen: &Value| seen["state"] == "ACTIVE" && seen["credentials"].as_array().is_some_and(|all| all.len() == 2);
    scene.until(id, both).await;
    assert_eq!(
        (scene.ask(old).await, scene.ask(new).await),
        ((200, 200), (200, 200)),
        "side by side"
    );
    for _ in 0..400 {
        if scene.ask(old).await == (401, 401) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(
        (scene.ask(old).await, scene.ask(new).await),
        ((401, 401), (200, 200)),
        "the overlap ended"
    );

    scene.order(&format!("/subscriptions/{id}/suspend")).await;
    scene.in_state(id, "SUSPENDED").await;
    assert_eq!(scene.ask_azure("/orders", new).await, 401);
    scene.order(&format!("/subscriptions/{id}/reactivate")).await;
    scene.in_state(id, "ACTIVE").await;
    assert_eq!(scene.ask(new).await, (200, 200));

    // Another product there, for everybody who has subscribed to ours.
    let (status, body) = scene.map(&["prod-all"]).await;
    assert_eq!(status, 200, "{body:#}");
    for _ in 0..400 {
        if scene.ask_azure("/payments", new).await == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.ask_azure("/payments", new).await, 200);
    assert_eq!(scene.ask(new).await, (200, 200), "with the same key");

    // What cannot reach it is done when it is back.
    scene.azure.down().await;
    scene.order(&format!("/subscriptions/{id}/suspend")).await;
    scene.in_state(id, "UNREACHABLE").await;
    scene.azure.up().await.unwrap();
    scene.in_state(id, "SUSPENDED").await;
    assert_eq!(scene.ask_azure("/orders", new).await, 401);
    scene.order(&format!("/subscriptions/{id}/reactivate")).await;
    scene.in_state(id, "ACTIVE").await;
    assert_eq!(scene.ask(new).await, (200, 200));

    scene.order(&format!("/keys/{key_id}/revoke")).await;
    for _ in 0..400 {
        if scene.ask_azure("/orders", new).await == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.ask(new).await, (401, 401));
    scene.order(&format!("/subscriptions/{id}/cancel")).await;
    scene.in_state(id, "REMOVED").await;
    scene.assert_clean();
}

#[tokio::test]
async fn secrets_that_azure_made_are_revealed_and_rotated() {
    let scene = Scene::with(json!({ "secretMode": "GATEWAY_GENERATED" })).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    scene.in_state(id, "ACTIVE").await;
    let path = format!("/keys/{key_id}/gateways/{}/reveal", scene.connection_id);
    let reveal = async || {
        let revealed = scene.tenant.post(&path, json!({})).await;
        revealed["secret"].as_str().unwrap().to_owned()
    };
    let old = reveal().await;
    assert_eq!(scene.ask(&old).await, (200, 401), "it is Azure's own");
    let body = json!({ "overlapSeconds": 600 });
    scene.tenant.post(&format!("/keys/{key_id}/rotate"), body).await;
    let both =
        |seen: &Value| seen["state"] == "ACTIVE" && seen["credentials"].as_array().is_some_and(|all| all.len() == 2);
    scene.until(id, both).await;
    let new = reveal().await;
    assert_ne!(old, new);
    assert_eq!(scene.ask_azure("/orders", &old).await, 200);
    assert_eq!(scene.ask_azure("/orders", &new).await, 200);
    scene.order(&format!("/subscriptions/{id}/cancel")).await;
    scene.in_state(id, "REMOVED").await;
    assert_eq!(scene.ask_azure("/orders", &new).await, 401);
    scene.assert_clean();
}

#[tokio::test]
async fn several_products_are_refused_with_what_to_do_and_open_ones_have_to_be_accepted() {
    let scene = Scene::with(json!({})).await;
    let (status, problem) = scene.map(&["prod-orders", "prod-payments"]).await;
    assert!((400..500).contains(&status), "{problem:#}");
    assert!(
        problem
            .to_string()
            .contains("make a product there that has the APIs of all"),
        "{problem:#}"
    );
    let (status, problem) = scene.map(&["prod-status"]).await;
    assert!((400..500).contains(&status), "{problem:#}");
    assert!(
        problem.to_string().contains("asks for no subscription key"),
        "{problem:#}"
    );
}

#[tokio::test]
async fn a_plan_whose_products_stand_for_several_there_is_not_sold() {
    let scene = Scene::with(json!({})).await;
    let other = scene.tenant.product("Payments").await;
    let map_to = async |product: &str, to: &str| {
        let path = format!("/connections/{}/mappings/{product}", scene.connection_id);
        let (status, body) = scene
            .tenant
            .call(Method::PUT, &path, Some(json!({ "scope": [to] })))
            .await;
        assert_eq!(status, 200, "{body:#}");
    };
    map_to(&other, "prod-payments").await;
    let plan_id = scene.tenant.plan("Both", &[&scene.product_id, &other]).await;
    let body = json!({ "customerId": scene.customer_id, "planId": plan_id });
    let (status, problem) = scene
        .tenant
        .call(Method::POST, "/subscriptions", Some(body.clone()))
        .await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("cannot-honor")),
        "{problem:#}"
    );
    assert!(
        problem.to_string().contains("map them to one that has everything"),
        "{problem:#}"
    );
    assert!(!scene.azure.state().to_string().contains("gwr-"), "nothing was made");
    map_to(&scene.product_id, "prod-all").await;
    map_to(&other, "prod-all").await;
    let made = scene.tenant.post("/subscriptions", body).await;
    scene.in_state(made["id"].as_str().unwrap(), "ACTIVE").await;
    let key = made["apiKey"]["secret"].as_str().unwrap();
    assert_eq!(scene.ask_azure("/payments", key).await, 200);
}

#[tokio::test]
async fn a_subscription_that_was_there_is_taken_over_with_both_its_keys() {
    let scene = Scene::with(json!({})).await;
    let path = format!("/connections/{}/adoptions", scene.connection_id);
    let customer = json!({ "name": "Mobile" });
    let body = json!({ "remoteId": "legacy-mobile-app", "planId": scene.plan_id, "customer": customer });
    let (status, adopted) = scene.tenant.call(Method::POST, &path, Some(body)).await;
    assert_eq!(status, 201, "{adopted:#}");
    let id = adopted["subscription"]["id"].as_str().unwrap();
    let held = |count: usize| {
        move |seen: &Value| {
            let all = seen["credentials"].as_array().into_iter().flatten();
            seen["state"] == "ACTIVE" && all.filter(|one| one["state"] == "ACTIVE").count() == count
        }
    };
    scene.until(id, held(2)).await;
    let (first, second) = ("legacy-mobile-key-0001", "legacy-mobile-key-0001-2");
    assert_eq!(scene.ask_azure("/orders", first).await, 200);
    assert_eq!(scene.ask_azure("/orders", second).await, 200);
    let state = scene.azure.state();
    let old = state["subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "legacy-mobile-app");
    let old = old.unwrap().to_string();
    assert!(!old.contains(first), "its place was given up: {old}");
    // The one that nobody uses goes, and the other is rotated as any.
    let keys = adopted["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{adopted:#}");
    let (one, other) = (keys[0]["id"].as_str().unwrap(), keys[1]["id"].as_str().unwrap());
    scene.order(&format!("/keys/{other}/revoke")).await;
    scene.until(id, held(1)).await;
    let rotated = scene
        .tenant
        .post(&format!("/keys/{one}/rotate"), json!({ "overlapSeconds": 600 }))
        .await;
    let new = rotated["secret"].as_str().unwrap();
    for _ in 0..400 {
        if scene.ask_azure("/orders", new).await == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.ask_azure("/orders", new).await, 200);
    assert_eq!(scene.ask_azure("/orders", first).await, 200, "until the overlap ends");
    assert_eq!(scene.ask_azure("/orders", second).await, 401);
}
