//! A subscription on a connected Anypoint, through the API and the gateway's own door.

use std::time::Duration;

use gatewright_testkit::{TestApp, TestTenant};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use vendor_fakes::mulesoft::{Fake, Options, Seed};

/// An API instance that asks for a client id.
const ORDERS: &str = "20000001";
/// One that asks for a tier, and for somebody's approval.
const PAYMENTS: &str = "20000002:302";

/// A whole Gatewright with a worker, and an Anypoint with two products on it.
struct Scene {
    app: TestApp,
    tenant: TestTenant,
    mule: Fake,
    connection_id: String,
    plan_id: String,
    customer_id: String,
    products: [String; 2],
}

impl Scene {
    async fn with(more: Value) -> Self {
        let app = TestApp::start_working(Clock::System).await;
        let tenant = app.tenant("acme").await;
        let options = Options {
            seed: Seed::Demo,
            ..Options::default()
        };
        let mule = Fake::start(options.clone()).await.unwrap();
        let mut body = json!({
            "vendor": "MULESOFT", "name": "anypoint", "environment": "LIVE",
            "credentials": { "clientId": options.client_id, "clientSecret": options.client_secret },
            "settings": {
                "rootOrganizationId": options.root_organization, "organizationId": options.organization,
                "environmentId": options.environment, "url": mule.admin_url(),
            },
        });
        for (field, value) in more.as_object().unwrap() {
            body[field] = value.clone();
        }
        let connection_id = tenant.create("/connections", body).await;
        let products = [tenant.product("Orders").await, tenant.product("Payments").await];
        for (product_id, scope) in products.iter().zip([ORDERS, PAYMENTS]) {
            let path = format!("/connections/{connection_id}/mappings/{product_id}");
            let (status, body) = tenant.call(Method::PUT, &path, Some(json!({ "scope": [scope] }))).await;
            assert_eq!(status, 200, "{body:#}");
        }
        let plan_id = tenant.plan("Basic", &[&products[0], &products[1]]).await;
        let customer_id = tenant.customer("Globex").await;
        mule.mark_foreign();
        Self {
            app,
            tenant,
            mule,
            connection_id,
            plan_id,
            customer_id,
            products,
        }
    }

    async fn subscribe(&self) -> Value {
        let body = json!({ "customerId": self.customer_id, "planId": self.plan_id });
        let (status, made) = self.tenant.call(Method::POST, "/subscriptions", Some(body)).await;
        assert_eq!(status, 201, "{made:#}");
        made
    }

    /// Waits until a subscription stands so on the Anypoint, 10 s at most.
    async fn until(&self, id: &str, is: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Value::Null;
        for _ in 0..200 {
            let all = self.tenant.get(&format!("/subscriptions/{id}/gateways")).await;
            let mut items = all["items"].as_array().unwrap().iter();
            seen = items
                .find(|one| one["gatewayId"] == self.connection_id.as_str())
                .cloned()
                .unwrap_or_default();
            if is(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never so: {seen:#}");
    }

    async fn until_state(&self, id: &str, state: &str) -> Value {
        self.until(id, |seen| seen["state"] == state).await
    }

    /// What the gateway says to a pair, or to a key that is both: at orders and at payments.
    async fn ask(&self, key: &str) -> [u16; 2] {
        let (id, secret) = key.split_once(':').unwrap_or((key, key));
        let mut said = [0; 2];
        for (said, path) in said.iter_mut().zip(["orders", "payments"]) {
            let url = format!("{}/{path}", self.mule.proxy_url());
            let request = self
                .app
                .client
                .get(url)
                .header("client_id", id)
                .header("client_secret", secret);
            *said = request.send().await.unwrap().status().as_u16();
        }
        said
    }

    /// The key as its customer has it: from us, or from the gateway.
    async fn key(&self, key_id: &str, made: &Value, generated: bool) -> String {
        if !generated {
            return made.as_str().unwrap().to_owned();
        }
        let path = format!("/keys/{key_id}/gateways/{}/reveal", self.connection_id);
        let revealed = self.tenant.post(&path, json!({})).await;
        revealed["secret"].as_str().unwrap().to_owned()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.tenant.post(path, body).await
    }

    /// How many client applications of ours there are.
    fn ours(&self) -> usize {
        let state = self.mule.state();
        let applications = state["applications"].as_array().unwrap().iter();
        applications
            .filter(|one| one["name"].as_str().unwrap().starts_with("gwr-"))
            .count()
    }
}

async fn live(generated: bool) {
    let mode = if generated {
        "GATEWAY_GENERATED"
    } else {
        "PLATFORM_PROVIDED"
    };
    let scene = Scene::with(json!({ "secretMode": mode })).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    let there = scene.until_state(id, "ACTIVE").await;
    assert!(there["effectiveBy"].is_string(), "{there:#}");
    let key = scene.key(key_id, &made["apiKey"]["secret"], generated).await;
    assert_eq!(key.contains(':'), generated);
    assert_eq!(scene.ask(&key).await, [200, 200]);

    // Old and new are two applications until the overlap ends.
    let rotated = scene
        .post(&format!("/keys/{key_id}/rotate"), json!({ "overlapSeconds": 1 }))
        .await;
    assert_eq!(rotated["gateways"][0]["overlap"], "CLONED", "{rotated:#}");
    scene
        .until(id, |seen| {
            let credentials = seen["credentials"].as_array();
            seen["state"] == "ACTIVE"
                && credentials.is_some_and(|all| all.iter().filter(|one| one["state"] == "ACTIVE").count() == 2)
        })
        .await;
    let new = scene.key(key_id, &rotated["secret"], generated).await;
    assert_eq!((scene.ask(&new).await, scene.ours()), ([200, 200], 2));
    scene.until(id, |_| scene.ours() == 1).await;
    assert_eq!((scene.ask(&key).await, scene.ask(&new).await), ([401, 401], [200, 200]));

    for (what, state, expected) in [
        ("suspend", "SUSPENDED", [401, 401]),
        ("reactivate", "ACTIVE", [200, 200]),
    ] {
        scene.post(&format!("/subscriptions/{id}/{what}"), json!({})).await;
        scene.until_state(id, state).await;
        assert_eq!(scene.ask(&new).await, expected, "{what}");
    }

    // Another product is sold for another instance, and there was one that lost its own.
    let path = format!("/connections/{}/mappings/{}", scene.connection_id, scene.products[1]);
    let (status, body) = scene.tenant.call(Method::DELETE, &path, None).await;
    assert!(status.is_success(), "{body:#}");
    scene
        .until(id, |seen| seen["state"] == "ACTIVE" && scene.contracts_of_ours() == 1)
        .await;
    assert_eq!(scene.ask(&new).await, [200, 401]);

    // A gateway that was away does as it was told when it is back.
    scene.mule.down().await;
    scene.post(&format!("/subscriptions/{id}/suspend"), json!({})).await;
    scene.until_state(id, "UNREACHABLE").await;
    scene.mule.up().await.unwrap();
    scene.until_state(id, "SUSPENDED").await;
    assert_eq!(scene.ask(&new).await, [401, 401]);
    scene.post(&format!("/subscriptions/{id}/reactivate"), json!({})).await;
    scene.until_state(id, "ACTIVE").await;
    assert_eq!(scene.ask(&new).await, [200, 401]);

    // A subscription whose only key is suspended is nothing there, which is as desired.
    if !generated {
        scene.post(&format!("/keys/{key_id}/suspend"), json!({})).await;
        scene
            .until(id, |seen| seen["state"] == "ACTIVE" && scene.ours() == 0)
            .await;
        assert_eq!(scene.ask(&new).await, [401, 401]);
        scene.post(&format!("/keys/{key_id}/reactivate"), json!({})).await;
        scene
            .until(id, |seen| seen["state"] == "ACTIVE" && scene.ours() == 1)
            .await;
        assert_eq!(scene.ask(&new).await, [200, 401], "its secret was kept for its return");
    }

    scene.post(&format!("/keys/{key_id}/revoke"), json!({})).await;
    scene.until(id, |_| scene.ours() == 0).await;
    assert_eq!(scene.ask(&new).await, [401, 401]);
    scene.until_state(id, "REMOVED").await;
    scene.post(&format!("/subscriptions/{id}/cancel"), json!({})).await;
    scene.until_state(id, "REMOVED").await;
    assert_eq!((scene.ours(), scene.contracts_of_ours()), (0, 0));
    assert!(scene.mule.touched().is_empty(), "{:?}", scene.mule.touched());
    let attempts = scene.tenant.get("/provisioning/attempts?limit=100").await.to_string();
    for secret in scene.mule.secrets().iter().filter(|secret| secret.len() > 20) {
        assert!(!attempts.contains(secret), "a secret is in the audit");
    }
}

impl Scene {
    fn contracts_of_ours(&self) -> usize {
        let state = self.mule.state();
        let foreign = |one: &&Value| one["id"].as_u64().unwrap() < 1_000_006;
        let contracts = state["contracts"].as_array().unwrap();
        contracts.len() - contracts.iter().filter(foreign).count()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriptions_whole_life_reaches_an_anypoint() {
    live(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_does_where_anypoint_makes_the_secrets() {
    live(true).await;
}

impl Scene {
    /// Maps a product once more, with a choice.
    async fn choose(&self, product: usize, scope: &str, rotation: Value) {
        let path = format!(
            "/connections/{}/mappings/{}",
            self.connection_id, self.products[product]
        );
        let body = json!({ "scope": [scope], "rotation": rotation });
        let (status, mapping) = self.tenant.call(Method::PUT, &path, Some(body)).await;
        assert_eq!((status.as_u16(), &mapping["rotation"]), (200, &rotation), "{mapping:#}");
    }

    /// Rotates a key with ten minutes' overlap: its new secret, and what the answer says of the old one.
    async fn rotate(&self, key_id: &str, generated: bool, id: &str) -> (String, Value) {
        let body = json!({ "overlapSeconds": 600, "endOverlap": true });
        let rotated = self.post(&format!("/keys/{key_id}/rotate"), body).await;
        let version = rotated["secretVersion"].clone();
        assert!(version.is_number(), "{rotated:#}");
        self.until(id, |seen| {
            let is_there = |one: &Value| one["secretVersion"] == version && one["state"] == "ACTIVE";
            seen["state"] == "ACTIVE"
                && seen["credentials"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(is_there))
        })
        .await;
        let new = self.key(key_id, &rotated["secret"], generated).await;
        (new, rotated["gateways"][0]["overlap"].clone())
    }
}

async fn cut(generated: bool) {
    let mode = if generated {
        "GATEWAY_GENERATED"
    } else {
        "PLATFORM_PROVIDED"
    };
    let scene = Scene::with(json!({ "secretMode": mode })).await;
    // One of the two products is enough: a key is one application for both.
    scene.choose(1, PAYMENTS, json!("CUT")).await;
    let made = scene.subscribe().await;
    let (id, key_id) = (made["id"].as_str().unwrap(), made["apiKey"]["id"].as_str().unwrap());
    scene.until_state(id, "ACTIVE").await;
    let old = scene.key(key_id, &made["apiKey"]["secret"], generated).await;
    assert_eq!(scene.ask(&old).await, [200, 200]);

    let (new, overlap) = scene.rotate(key_id, generated, id).await;
    assert_eq!(overlap, "NONE");
    assert_eq!((scene.ask(&old).await, scene.ask(&new).await), ([401, 401], [200, 200]));
    assert_eq!((scene.ours(), scene.contracts_of_ours()), (1, 2), "there are never two");

    // Chosen otherwise, the next one has its overlap.
    scene.choose(1, PAYMENTS, json!("CLONE")).await;
    let (newer, overlap) = scene.rotate(key_id, generated, id).await;
    assert_eq!(overlap, "CLONED");
    assert_eq!(
        (scene.ask(&new).await, scene.ask(&newer).await),
        ([200, 200], [200, 200])
    );

    // And what is chosen so while both are valid ends the old one.
    scene.choose(0, ORDERS, json!("CUT")).await;
    scene
        .until(id, |seen| seen["state"] == "ACTIVE" && scene.ours() == 1)
        .await;
    assert_eq!(
        (scene.ask(&new).await, scene.ask(&newer).await),
        ([401, 401], [200, 200])
    );
    assert!(scene.mule.touched().is_empty(), "{:?}", scene.mule.touched());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_was_mapped_to_a_cut_ends_the_old_secret_with_the_new_one() {
    cut(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_does_with_secrets_of_anypoints_making() {
    cut(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_a_gateway_does_not_leave_is_refused() {
    let scene = Scene::with(json!({})).await;
    let path = format!("/connections/{}/mappings/{}", scene.connection_id, scene.products[0]);
    let body = json!({ "scope": [ORDERS], "layout": "ONE_PER_KEY" });
    let (status, problem) = scene.tenant.call(Method::PUT, &path, Some(body)).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (422, &json!("cannot-honor")),
        "{problem:#}"
    );
    assert!(problem.to_string().contains("no choice of layout"), "{problem:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_revealed_before_an_anypoint_that_is_primary_was_read_back() {
    let scene = Scene::with(json!({ "primary": true })).await;
    let made = scene.subscribe().await;
    assert_eq!(made["state"], "ACTIVE");
    assert_eq!(scene.ask(made["apiKey"]["secret"].as_str().unwrap()).await, [200, 200]);
}
