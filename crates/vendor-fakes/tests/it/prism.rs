//! Kong's own descriptions, held between a client and the fake by Prism, which answers 422 to a call and 500 to an answer that breaks them.

use std::path::PathBuf;

use serde_json::{Value, json};
use vendor_fakes::faults::{Fault, Rule};
use vendor_fakes::kong::{Flavor, Options};

use crate::judge::Prism;
use crate::papers;
use crate::world::{CONSUMER, CREDENTIAL, SUSPENSION, World, demo};

/// Of an acl, where it has no name.
const ACL: &str = "c0000000-0000-4000-8000-000000000004";

struct Judge {
    prism: Prism,
    client: reqwest::Client,
    token: (&'static str, &'static str),
}

impl Judge {
    /// Prism with this description before that address.
    async fn start(
        description: PathBuf,
        upstream: &str,
        base: &str,
        token: (&'static str, &'static str),
    ) -> Option<Self> {
        Some(Self {
            prism: Prism::start(&std::fs::read_to_string(description).unwrap(), upstream, base).await?,
            client: reqwest::Client::new(),
            token,
        })
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String) {
        let url = format!("{}{path}", self.prism.base);
        let mut request = self
            .client
            .request(method.parse().unwrap(), url)
            .header(self.token.0, self.token.1);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// A call that keeps to the description, with an answer that does.
    async fn valid(&self, method: &str, path: &str, body: Option<Value>, status: u16) {
        let (found, text) = self.call(method, path, body).await;
        assert_eq!(found, status, "{method} {path}: {text}");
    }
}

/// Every call that provisions, reads back, suspends, rotates and withdraws. Konnect has no names in paths and no PATCH.
async fn provision(judge: &Judge, konnect: bool) {
    let consumer = format!("/consumers/{CONSUMER}");
    let row = json!({ "username": "gwr-1", "custom_id": "sub-1", "tags": ["gwr=1", "sub=1"] });
    judge.valid("PUT", &consumer, Some(row.clone()), 200).await;
    judge.valid("PUT", &consumer, Some(row), 200).await;
    judge.valid("GET", &consumer, None, 200).await;
    let acl = format!("{consumer}/acls/{}", if konnect { ACL } else { "prod-orders" });
    judge
        .valid(
            "PUT",
            &acl,
            Some(json!({ "group": "prod-orders", "tags": ["gwr=1"] })),
            200,
        )
        .await;
    judge.valid("GET", &format!("{consumer}/acls"), None, 200).await;
    let key = format!("{consumer}/key-auth/{CREDENTIAL}");
    judge
        .valid("PUT", &key, Some(json!({ "key": "k1", "tags": ["gwr=1"] })), 200)
        .await;
    judge.valid("GET", &key, None, 200).await;
    judge.valid("GET", &format!("{consumer}/key-auth"), None, 200).await;
    let suspension = format!("{consumer}/plugins/{SUSPENSION}");
    for enabled in [true, false] {
        let config = json!({ "status_code": 403, "message": "subscription suspended" });
        let plugin = json!({ "name": "request-termination", "enabled": enabled, "config": config, "tags": ["gwr=1"] });
        judge.valid("PUT", &suspension, Some(plugin), 200).await;
    }
    let rotated = json!({ "key": "k1", "ttl": 300, "tags": ["gwr=1"] });
    if konnect {
        judge.valid("PUT", &key, Some(rotated), 200).await;
    } else {
        judge.valid("PATCH", &key, Some(json!({ "ttl": 300 })), 200).await;
    }
    for list in ["consumers", "key-auths", "acls", "services", "routes", "plugins"] {
        judge.valid("GET", &format!("/{list}?size=1000"), None, 200).await;
        judge.valid("GET", &format!("/{list}?size=1"), None, 200).await;
    }
    judge.valid("GET", "/consumers?tags=gwr%3D1&size=1000", None, 200).await;
    judge.valid("DELETE", &key, None, 204).await;
    judge.valid("GET", &key, None, 404).await;
    judge.valid("DELETE", &acl, None, 204).await;
    judge.valid("DELETE", &suspension, None, 204).await;
    judge.valid("DELETE", &consumer, None, 204).await;
    judge.valid("DELETE", &consumer, None, 204).await;
}

/// A judge that never says no is none.
async fn says_no(judge: &Judge, world: &World) {
    let (status, _) = judge
        .call("PUT", &format!("/consumers/{CONSUMER}"), Some(json!({ "username": 5 })))
        .await;
    assert_eq!(status, 422);
    world.fake.fail(Rule::new("GET", "/**", Fault::WrongContentType));
    let (status, said) = judge.call("GET", "/consumers", None).await;
    assert!(status == 500 && said.contains("VIOLATIONS"), "{status} {said}");
}

#[tokio::test]
async fn the_enterprise_edition_answers_as_its_description_says() {
    let Some(description) = papers::find("vendor/kong/admin-ee-3.13.yaml") else {
        return;
    };
    let token = ("kong-admin-token", "t0ken");
    let options = Options {
        flavor: Flavor::Enterprise,
        token: Some(token.1.to_owned()),
        ..demo()
    };
    let world = World::start(options).await;
    let Some(judge) = Judge::start(description, &world.fake.admin_url(), "/default", token).await else {
        return;
    };
    for path in ["/", "/status"] {
        let url = judge.prism.base.replace("/default", path);
        let node = judge.client.get(url).header(token.0, token.1).send().await.unwrap();
        assert_eq!(node.status(), 200, "{}", node.text().await.unwrap());
    }
    provision(&judge, false).await;
    assert_eq!(world.fake.touched(), []);
    says_no(&judge, &world).await;
}

#[tokio::test]
async fn konnect_answers_as_its_description_says() {
    let Some(description) = papers::find("vendor/kong/konnect-core-entities-v2.yaml") else {
        return;
    };
    let token = ("authorization", "Bearer kpat_1");
    let options = Options {
        flavor: Flavor::Konnect,
        token: Some("kpat_1".to_owned()),
        ..demo()
    };
    let world = World::start(options).await;
    // The description's paths begin behind the `/v2` of its servers.
    let upstream = format!("{}/v2", world.fake.admin_url());
    let (_, base) = world
        .fake
        .base_url()
        .split_once("/v2")
        .map(|(host, base)| (host.to_owned(), base.to_owned()))
        .unwrap();
    let Some(judge) = Judge::start(description, &upstream, &base, token).await else {
        return;
    };
    provision(&judge, true).await;
    assert_eq!(world.fake.touched(), []);
    says_no(&judge, &world).await;
}
