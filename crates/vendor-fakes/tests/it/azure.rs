//! What the fake service keeps to besides what clients and descriptions judge: tokens, throttling, and its gateway.

use std::time::Duration;

use gatewright_types::Clock;
use serde_json::{Value, json};
use vendor_fakes::azure::{Fake, Options, Seed};

struct World {
    fake: Fake,
    client: reqwest::Client,
}

impl World {
    async fn start(options: Options) -> Self {
        Self {
            fake: Fake::start(Options {
                seed: Seed::Demo,
                ..options
            })
            .await
            .unwrap(),
            client: reqwest::Client::new(),
        }
    }

    async fn log_in(&self, secret: &str) -> (u16, Value) {
        let url = format!(
            "{}/{}/oauth2/v2.0/token",
            self.fake.admin_url(),
            self.fake.options().tenant_id
        );
        let scope = "https%3A%2F%2Fmanagement.azure.com%2F.default";
        let body = format!("grant_type=client_credentials&scope={scope}&client_id=us&client_secret={secret}");
        let answer = self.client.post(url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn products(&self, token: &str) -> u16 {
        let url = format!("{}/products?api-version=2024-05-01", self.fake.base_url());
        let answer = self.client.get(url).bearer_auth(token).send().await.unwrap();
        answer.status().as_u16()
    }

    async fn knock(&self, path: &str, key: Option<&str>) -> u16 {
        let mut request = self.client.get(format!("{}{path}", self.fake.proxy_url()));
        if let Some(key) = key {
            request = request.header("Ocp-Apim-Subscription-Key", key);
        }
        request.send().await.unwrap().status().as_u16()
    }

    async fn change(&self, path: &str, properties: Value) {
        let url = format!("{}{path}?api-version=2024-05-01", self.fake.base_url());
        let request = self
            .client
            .patch(url)
            .header("if-match", "*")
            .json(&json!({ "properties": properties }));
        assert_eq!(request.send().await.unwrap().status().as_u16(), 200, "{path}");
    }
}

#[tokio::test]
async fn a_token_is_for_who_knows_the_secret_and_ends() {
    let world = World::start(Options {
        client: Some(("us".to_owned(), "right".to_owned())),
        token_lifetime: Duration::from_secs(60),
        ..Options::default()
    })
    .await;
    let (status, told) = world.log_in("wrong").await;
    assert_eq!((status, &told["error"]), (401, &json!("invalid_client")));
    let (status, told) = world.log_in("right").await;
    assert_eq!((status, &told["expires_in"]), (200, &json!(60)));
    let token = told["access_token"].as_str().unwrap();
    assert_eq!(
        [world.products(token).await, world.products("another").await],
        [200, 401]
    );
    world.fake.advance(Duration::from_secs(61));
    assert_eq!(world.products(token).await, 401);
}

#[tokio::test]
async fn throttling_is_counted_and_on_demand_real() {
    for throttles in [false, true] {
        let clock = Clock::manual(chrono::DateTime::from_timestamp_millis(0).unwrap());
        let world = World::start(Options {
            throttles,
            clock,
            ..Options::default()
        })
        .await;
        let mut refused = 0;
        for _ in 0..260 {
            refused += u32::from(world.products("x").await == 429);
        }
        let state = world.fake.state();
        assert_eq!(state["throttle"]["reads"]["exceeded"], 10);
        assert_eq!(refused, if throttles { 10 } else { 0 });
        world.fake.advance(Duration::from_secs(1));
        assert_eq!(world.products("x").await, 200);
    }
}

#[tokio::test]
async fn the_gateway_admits_by_product_state_user_and_key() {
    let world = World::start(Options::default()).await;
    let key = Some("legacy-mobile-key-0001");
    assert_eq!(world.knock("/orders/7", key).await, 200);
    assert_eq!(
        world
            .knock("/orders?subscription-key=legacy-mobile-key-0001-2", None)
            .await,
        200
    );
    assert_eq!(world.knock("/payments", key).await, 401);
    assert_eq!(
        [
            world.knock("/orders", None).await,
            world.knock("/orders", Some("x")).await
        ],
        [401, 401]
    );
    assert_eq!(
        [world.knock("/status", None).await, world.knock("/reports", None).await],
        [200, 200]
    );
    assert_eq!(world.knock("/nothing", key).await, 404);
    assert_eq!(
        world.knock("/payments", Some("built-in-all-access-key-0001")).await,
        200
    );
    for (path, off, on) in [
        (
            "/subscriptions/legacy-mobile-app",
            json!({ "state": "suspended" }),
            json!({ "state": "active" }),
        ),
        (
            "/users/legacy-mobile-app",
            json!({ "state": "blocked" }),
            json!({ "state": "active" }),
        ),
        (
            "/products/prod-orders",
            json!({ "state": "notPublished" }),
            json!({ "state": "published" }),
        ),
    ] {
        world.change(path, off).await;
        assert_eq!(world.knock("/orders", key).await, 401, "{path}");
        world.change(path, on).await;
        assert_eq!(world.knock("/orders", key).await, 200, "{path}");
    }
    assert_eq!(world.fake.touched().len(), 3, "and all of it was somebody else's");
}
