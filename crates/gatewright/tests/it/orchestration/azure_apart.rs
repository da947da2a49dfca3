//! Azure with a subscription for each key: a subscription of several products, each opened by a key of its own.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::azure::{CLIENT_ID, CLIENT_SECRET, Scene};

/// What both keys are answered at orders, and at payments: the first at both, then the second at both.
type Said = [u16; 4];

struct Apart {
    scene: Scene,
    payments: String,
    both: String,
    generated: bool,
}

impl Apart {
    async fn with(generated: bool) -> Self {
        let mode = if generated {
            "GATEWAY_GENERATED"
        } else {
            "PLATFORM_PROVIDED"
        };
        let scene = Scene::with(json!({ "secretMode": mode })).await;
        let payments = scene.tenant.product("Payments").await;
        let both = scene.tenant.plan("Both", &[&scene.product_id, &payments]).await;
        let apart = Self {
            scene,
            payments,
            both,
            generated,
        };
        apart
            .map(&apart.scene.product_id, "prod-orders", Some("ONE_PER_KEY"))
            .await;
        apart.map(&apart.payments, "prod-payments", Some("ONE_PER_KEY")).await;
        apart
    }

    async fn put(&self, product: &str, scope: &str, layout: Option<&str>) -> (u16, Value) {
        let path = format!("/connections/{}/mappings/{product}", self.scene.connection_id);
        let body = json!({ "scope": [scope], "layout": layout });
        let (status, answer) = self.scene.tenant.call(Method::PUT, &path, Some(body)).await;
        (status.as_u16(), answer)
    }

    async fn map(&self, product: &str, scope: &str, layout: Option<&str>) {
        let (status, mapping) = self.put(product, scope, layout).await;
        assert_eq!((status, mapping["layout"].as_str()), (200, layout), "{mapping:#}");
    }

    async fn unmap(&self, product: &str) {
        let path = format!("/connections/{}/mappings/{product}", self.scene.connection_id);
        let (status, _) = self.scene.tenant.call(Method::DELETE, &path, None).await;
        assert_eq!(status, 204);
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let (status, answer) = self.scene.tenant.call(method, path, Some(body)).await;
        (status.as_u16(), answer)
    }

    /// Subscribes to both products, with a key for these.
    async fn subscribe(&self, products: Value) -> (u16, Value) {
        let key = json!({ "productIds": products });
        let body = json!({ "customerId": self.scene.customer_id, "planId": self.both, "key": key });
        self.call(Method::POST, "/subscriptions", body).await
    }

    /// Another key, for these products.
    async fn add(&self, id: &str, products: Value) -> (u16, Value) {
        let body = json!({ "name": "another", "productIds": products });
        self.call(Method::POST, &format!("/subscriptions/{id}/keys"), body)
            .await
    }

    /// A key as its customer has it: from us, or from Azure as soon as that has made it.
    async fn secret(&self, key: &Value) -> String {
        if !self.generated {
            return key["secret"].as_str().unwrap().to_owned();
        }
        let path = format!(
            "/keys/{}/gateways/{}/reveal",
            key["id"].as_str().unwrap(),
            self.scene.connection_id
        );
        for _ in 0..400 {
            let (status, revealed) = self.call(Method::POST, &path, json!({})).await;
            if status == 200 {
                return revealed["secret"].as_str().unwrap().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never revealed");
    }

    async fn said(&self, [one, other]: [&str; 2]) -> Said {
        [
            self.scene.ask_azure("/orders", one).await,
            self.scene.ask_azure("/payments", one).await,
            self.scene.ask_azure("/orders", other).await,
            self.scene.ask_azure("/payments", other).await,
        ]
    }

    /// Waits until both are answered so, 20 s at most.
    async fn becomes(&self, keys: [&str; 2], expected: Said) {
        let mut found = [0; 4];
        for _ in 0..400 {
            found = self.said(keys).await;
            if found == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never {expected:?}: {found:?}, {:#?}", self.ours());
    }

    async fn narrow(&self, key: &Value, products: Value) -> (u16, Value) {
        let path = format!("/keys/{}", key["id"].as_str().unwrap());
        self.call(Method::PATCH, &path, json!({ "productIds": products })).await
    }

    async fn rotate(&self, key: &Value, overlap_seconds: u32) -> Value {
        let path = format!("/keys/{}/rotate", key["id"].as_str().unwrap());
        let body = json!({ "overlapSeconds": overlap_seconds, "endOverlap": true });
        let rotated = self.scene.tenant.post(&path, body).await;
        assert_eq!(rotated["gateways"][0]["overlap"], "NATIVE", "{rotated:#}");
        rotated
    }

    /// Our subscriptions at Azure: the end of each name, its product and its owner.
    fn ours(&self) -> Vec<(String, String, String)> {
        let state = self.scene.azure.state();
        let all = state["subscriptions"].as_array().unwrap().iter();
        let ours = all.filter(|one| one["name"].as_str().unwrap().starts_with("gwr-"));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        ours.map(|one| {
            let name = text(&one["name"]);
            let end = name.rsplit('-').next().unwrap().to_owned();
            (
                end,
                text(&one["properties"]["scope"]),
                text(&one["properties"]["ownerId"]),
            )
        })
        .collect()
    }

    fn laid_out(&self) -> Vec<(String, String)> {
        self.ours().into_iter().map(|(end, scope, _)| (end, scope)).collect()
    }

    /// Changes the subscription whose name ends so by hand.
    async fn by_hand(&self, end: &str, properties: Value) {
        let scene = &self.scene;
        let tenant = scene.azure.options().tenant_id;
        let token = scene
            .app
            .client
            .post(format!("{}/{tenant}/oauth2/v2.0/token", scene.azure.admin_url()));
        let form = format!(
            "grant_type=client_credentials&scope=x%2F.default&client_id={CLIENT_ID}&client_secret={}",
            CLIENT_SECRET.replace('~', "%7E")
        );
        let token: Value = token.body(form).send().await.unwrap().json().await.unwrap();
        let state = scene.azure.state();
        let mut all = state["subscriptions"].as_array().unwrap().iter();
        let name = all.find_map(|one| one["name"].as_str().filter(|name| name.ends_with(end)));
        let url = format!(
            "{}/subscriptions/{}?api-version=2024-05-01",
            scene.azure.base_url(),
            name.unwrap()
        );
        let change = scene.app.client.patch(url).header("if-match", "*");
        let change = change.bearer_auth(token["access_token"].as_str().unwrap());
        let changed = change.json(&json!({ "properties": properties })).send().await.unwrap();
        assert!(changed.status().is_success(), "{}", changed.status());
    }

    /// Looks for drift, and waits until that is done.
    async fn drift(&self) -> Value {
        let body = json!({ "kind": "DRIFT", "connectionIds": [self.scene.connection_id] });
        let id = self.scene.tenant.create("/provisioning/runs", body).await;
        let path = format!("/provisioning/runs/{id}");
        for _ in 0..400 {
            let run = self.scene.tenant.get(&path).await;
            if run["state"] == "LOOKED" {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never ended");
    }
}

fn cannot_honor((status, problem): &(u16, Value), why: &str) {
    assert_eq!(
        (*status, &problem["code"]),
        (422, &json!("cannot-honor")),
        "{problem:#}"
    );
    assert!(problem.to_string().contains(why), "{problem:#}");
}

fn at(end: &str, product: &str) -> (String, String) {
    (end.to_owned(), format!("/products/{product}"))
}

async fn live(generated: bool) {
    let apart = Apart::with(generated).await;
    let (orders, payments) = (json!([apart.scene.product_id]), json!([apart.payments]));
    cannot_honor(&apart.subscribe(Value::Null).await, "narrowed to fewer products");
    assert!(apart.ours().is_empty(), "nothing was made");

    let (status, made) = apart.subscribe(orders.clone()).await;
    assert_eq!(status, 201, "{made:#}");
    let (id, first) = (made["id"].as_str().unwrap(), &made["apiKey"]);
    cannot_honor(&apart.add(id, Value::Null).await, "narrowed to fewer products");
    let (status, second) = apart.add(id, payments.clone()).await;
    assert_eq!(status, 201, "{second:#}");
    apart.scene.in_state(id, "ACTIVE").await;
    let (one, two) = (apart.secret(first).await, apart.secret(&second).await);
    apart.becomes([&one, &two], [200, 401, 401, 200]).await;
    let ours = apart.ours();
    assert_eq!(apart.laid_out(), [at("k1", "prod-orders"), at("k2", "prod-payments")]);
    assert!(
        ours[0].2 == ours[1].2 && ours[0].2.starts_with("/users/gwr-"),
        "{ours:?}"
    );

    // A rotation is in the two slots of the key's own subscription.
    let rotated = apart.rotate(first, 600).await;
    let newer = apart.secret(&rotated).await;
    apart.becomes([&one, &newer], [200, 401, 200, 401]).await;
    assert_eq!(apart.ours().len(), 2);

    // Both secrets follow the key to another product, and back.
    assert_eq!(apart.narrow(first, payments.clone()).await.0, 200);
    apart.becomes([&one, &newer], [401, 200, 401, 200]).await;
    cannot_honor(&apart.narrow(first, Value::Null).await, "narrowed to fewer products");
    assert_eq!(apart.narrow(first, orders.clone()).await.0, 200);
    apart.becomes([&one, &newer], [200, 401, 200, 401]).await;

    // The overlap that is running makes room for the next one.
    let newest = apart.secret(&apart.rotate(first, 2).await).await;
    apart.becomes([&one, &newest], [401, 401, 200, 401]).await;
    apart.becomes([&newer, &newest], [401, 401, 200, 401]).await;
    apart.scene.in_state(id, "ACTIVE").await;

    apart.scene.order(&format!("/subscriptions/{id}/suspend")).await;
    apart.scene.in_state(id, "SUSPENDED").await;
    assert_eq!(apart.said([&newest, &two]).await, [401; 4]);
    // What comes while it is suspended waits there, suspended as well.
    let (status, third) = apart.add(id, orders.clone()).await;
    assert_eq!(status, 201, "{third:#}");
    apart.scene.in_state(id, "SUSPENDED").await;
    let three = apart.secret(&third).await;
    assert_eq!(apart.said([&newest, &three]).await, [401; 4]);
    assert_eq!(apart.ours().len(), 3);
    apart.scene.order(&format!("/subscriptions/{id}/reactivate")).await;
    apart.becomes([&newest, &three], [200, 401, 200, 401]).await;
    apart.becomes([&newest, &two], [200, 401, 401, 200]).await;
    apart.scene.in_state(id, "ACTIVE").await;

    let path = format!("/keys/{}/revoke", third["id"].as_str().unwrap());
    apart.scene.order(&path).await;
    apart.becomes([&newest, &three], [200, 401, 401, 401]).await;
    apart.scene.in_state(id, "ACTIVE").await;
    assert_eq!(apart.ours().len(), 2, "its subscription went with it");

    drifts(&apart, id, [&newest, &two]).await;

    apart.scene.azure.down().await;
    apart.scene.order(&format!("/subscriptions/{id}/cancel")).await;
    apart.scene.in_state(id, "UNREACHABLE").await;
    apart.scene.azure.up().await.unwrap();
    apart.scene.in_state(id, "REMOVED").await;
    assert_eq!(apart.said([&newest, &two]).await, [401; 4]);
    assert_eq!(apart.scene.azure.touched(), []);
    assert!(!apart.scene.azure.state().to_string().contains("gwr-"));
}

/// What somebody widened and suspended there is told, and brought back where that is wanted.
async fn drifts(apart: &Apart, id: &str, keys: [&str; 2]) {
    let run = apart.drift().await;
    assert_eq!(run["differing"], 0, "{run:#}");
    apart.by_hand("-k1", json!({ "scope": "/products/prod-all" })).await;
    apart.by_hand("-k2", json!({ "state": "suspended" })).await;
    assert_eq!(apart.said(keys).await, [200, 200, 401, 401]);
    let run = apart.drift().await;
    assert_eq!((&run["looked"], &run["differing"]), (&json!(1), &json!(1)), "{run:#}");
    apart.scene.in_state(id, "DRIFTED").await;
    let path = format!("/connections/{}", apart.scene.connection_id);
    let (status, changed) = apart
        .call(Method::PATCH, &path, json!({ "driftPolicy": "REPAIR" }))
        .await;
    assert_eq!(status, 200, "{changed:#}");
    apart.drift().await;
    apart.becomes(keys, [200, 401, 401, 200]).await;
    apart.scene.in_state(id, "ACTIVE").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_product_of_a_subscription_is_one_of_azures_with_a_key_of_its_own() {
    live(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_so_it_is_where_azure_makes_the_secrets() {
    live(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_works_before_all_gateways_are_prepared_and_then_it_does() {
    let apart = Apart::with(false).await;
    let key = json!({ "productIds": [apart.scene.product_id] });
    let body = json!({
        "customerId": apart.scene.customer_id, "planId": apart.both, "key": key, "activation": "ALL_GATEWAYS",
    });
    let (status, made) = apart.call(Method::POST, "/subscriptions", body).await;
    assert_eq!((status, &made["state"]), (201, &json!("ACTIVE")), "{made:#}");
    let secret = made["apiKey"]["secret"].as_str().unwrap();
    assert_eq!(apart.scene.ask_azure("/orders", secret).await, 200);
    assert_eq!(apart.laid_out(), [at("k1", "prod-orders")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_somebodys_subscription_does_not_fit_is_refused() {
    let apart = Apart::with(false).await;
    // The other layout, or none that is said, for one of two products.
    let (status, made) = apart.subscribe(json!([apart.scene.product_id])).await;
    assert_eq!(status, 201, "{made:#}");
    let id = made["id"].as_str().unwrap();
    apart.scene.in_state(id, "ACTIVE").await;
    cannot_honor(&apart.put(&apart.payments, "prod-payments", None).await, "layout");
    apart.unmap(&apart.payments).await;
    cannot_honor(&apart.put(&apart.payments, "prod-payments", None).await, "both layouts");
    // The only product that is left has its subscription there, which is not moved.
    let orders = apart.scene.product_id.clone();
    let common = Some("ONE_PER_SUBSCRIPTION");
    cannot_honor(&apart.put(&orders, "prod-orders", common).await, "in the other layout");
    // A key that covers both opens one as long as only one is mapped.
    let body = json!({ "name": "wide" });
    let (status, wide) = apart
        .call(Method::POST, &format!("/subscriptions/{id}/keys"), body)
        .await;
    assert_eq!(status, 201, "{wide:#}");
    let per_key = Some("ONE_PER_KEY");
    cannot_honor(
        &apart.put(&apart.payments, "prod-payments", per_key).await,
        "a key opens 1",
    );
    apart.map(&apart.payments, "prod-orders", per_key).await;
    let secret = wide["secret"].as_str().unwrap();
    apart.becomes([secret, secret], [200, 401, 200, 401]).await;
    // Ended, gone, and then in the other layout.
    for product in [&apart.payments, &orders] {
        apart.unmap(product).await;
    }
    apart.scene.in_state(id, "REMOVED").await;
    assert!(apart.ours().is_empty(), "{:?}", apart.ours());
    apart.map(&orders, "prod-orders", common).await;
    cannot_honor(
        &apart.put(&apart.payments, "prod-payments", common).await,
        "one that has everything",
    );
    // A key that is narrowed to orders would open what payments stands for.
    cannot_honor(
        &apart.put(&apart.payments, "prod-orders", common).await,
        "cannot be narrowed",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_not_given_to_a_gateway_again_where_somebodys_key_would_open_two() {
    let apart = Apart::with(false).await;
    let path = format!("/products/{}", apart.payments);
    let (status, answer) = apart.call(Method::PATCH, &path, json!({ "orchestrated": false })).await;
    assert_eq!(status, 200, "{answer:#}");
    // As long as it is not, a key for both opens one there.
    let (status, made) = apart.subscribe(Value::Null).await;
    assert_eq!(status, 201, "{made:#}");
    apart.scene.in_state(made["id"].as_str().unwrap(), "ACTIVE").await;
    cannot_honor(
        &apart.call(Method::PATCH, &path, json!({ "orchestrated": true })).await,
        "a key opens 1",
    );
    assert_eq!(apart.narrow(&made["apiKey"], json!([apart.payments])).await.0, 200);
    let (status, answer) = apart.call(Method::PATCH, &path, json!({ "orchestrated": true })).await;
    assert_eq!(status, 200, "{answer:#}");
    let secret = made["apiKey"]["secret"].as_str().unwrap();
    assert!(!secret.is_empty());
}
