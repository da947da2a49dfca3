//! A service that somebody has run for a while, connected: the stateful stand-in, its gateway, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::azure::{Azure, Credentials, Settings};
use gatewright_connectors::model::{Applied, ObservedCredential, Secret};
use gatewright_connectors::{Application, Connector, Fault, Link, Observed, Step};
use gatewright_egress::{Answer, Body, Client, Options as Egress, Policy, Request};
use http::Method;
use http::header::{self, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use vendor_fakes::azure::{Fake, Options, Seed};

use crate::stand::{Calls, application, link, this_machine};

pub(crate) const KEY: &str = "sk_live_theCustomersSecret0001";
pub(crate) const ORDERS: &str = "prod-orders";
pub(crate) const PAYMENTS: &str = "prod-payments";
pub(crate) const CLIENT_ID: &str = "0a20c11e-0000-4000-8000-000000000001";
pub(crate) const CLIENT_SECRET: &str = "qfr8Q~theOperatorsOwnSecret";

pub(crate) struct Shop {
    pub(crate) fake: Fake,
    pub(crate) azure: Azure,
    pub(crate) link: Link,
    pub(crate) calls: Calls,
    pub(crate) ours: Application,
    client: Client,
    policy: Policy,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    /// One that is made so, with the demo's products.
    pub(crate) async fn with(options: Options) -> Self {
        let fake = Fake::start(Options {
            seed: Seed::Demo,
            client: Some((CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())),
            ..options
        })
        .await
        .unwrap();
        let (link, calls) = link(Duration::from_secs(10));
        Self {
            azure: Azure::new(&settings(&fake), &credentials()).unwrap(),
            ours: application(1),
            client: Client::new(Egress::default()),
            policy: this_machine(),
            fake,
            link,
            calls,
        }
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.azure.observe(&self.link, &self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    pub(crate) async fn apply(&self, step: &Step) -> Result<Applied, Fault> {
        let observed = self.azure.observe(&self.link, &self.ours).await?;
        self.azure.apply(&self.link, &self.ours, step, &observed).await
    }

    pub(crate) async fn apply_all(&self, steps: &[Step]) {
        for step in steps {
            self.apply(step)
                .await
                .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
        }
    }

    /// Does one step without having looked.
    pub(crate) async fn blindly(&self, step: &Step) -> Applied {
        let done = self
            .azure
            .apply(&self.link, &self.ours, step, &Observed::default())
            .await;
        done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()))
    }

    pub(crate) async fn read(&self, credential: &ObservedCredential) -> Option<SecretString> {
        self.azure
            .read_secret(&self.link, &self.ours, credential)
            .await
            .unwrap()
    }

    /// What the gateway answers to this key.
    pub(crate) async fn call(&self, path: &str, key: &str) -> u16 {
        let name = HeaderName::from_static("ocp-apim-subscription-key");
        let request = Request::get(format!("{}{path}", self.fake.proxy_url()));
        let request = request.field(name, HeaderValue::from_str(key).unwrap());
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    /// Somebody's own hand at the resource manager; `properties` is null where there is no body.
    pub(crate) async fn by_hand(&self, method: Method, path: &str, properties: Value) -> Value {
        let answer = self.ask(method, path, properties).await;
        assert!(
            answer.status.is_success(),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    pub(crate) async fn is_there(&self, path: &str) -> bool {
        self.ask(Method::GET, path, Value::Null).await.status.is_success()
    }

    /// So many more subscriptions with our mark, each of its own subscription of ours.
    pub(crate) async fn fill(&self, many: u128) {
        let token = self.log_in().await;
        for number in 0..many {
            let ours = application(10_000 + number);
            let display = format!("{} {} primary=- secondary=-", ours.mark(), ours.subscription_id);
            let one = json!({ "scope": "/products/prod-orders", "displayName": display, "state": "active" });
            let path = format!("/subscriptions/{}", ours.name());
            let answer = self.send(Method::PUT, &path, one, &token).await;
            assert!(answer.status.is_success());
        }
    }

    async fn ask(&self, method: Method, path: &str, properties: Value) -> Answer {
        let token = self.log_in().await;
        self.send(method, path, properties, &token).await
    }

    async fn send(&self, method: Method, path: &str, properties: Value, token: &str) -> Answer {
        let url = format!("{}{path}?api-version=2024-05-01", self.fake.base_url());
        let bearer = format!("Bearer {token}");
        let mut request = Request::new(method, url)
            .field(header::AUTHORIZATION, HeaderValue::from_str(&bearer).unwrap())
            .field(header::IF_MATCH, HeaderValue::from_static("*"));
        if !properties.is_null() {
            request = request
                .field(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(body(&json!({ "properties": properties }).to_string()));
        }
        self.client.send(request, &self.policy).await.unwrap()
    }

    /// What is answered to a DELETE that leaves `If-Match` out.
    pub(crate) async fn delete_without_a_match(&self, url: &str) -> u16 {
        let request = Request::new(Method::DELETE, url);
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    async fn log_in(&self) -> String {
        let tenant = self.fake.options().tenant_id;
        let request = Request::post(format!("{}/{tenant}/oauth2/v2.0/token", self.fake.admin_url()));
        let request = request.body(body(&format!(
            "grant_type=client_credentials&scope=x%2F.default&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"
        )));
        let answer = self.client.send(request, &self.policy).await.unwrap();
        let issued: Value = serde_json::from_slice(&answer.body).unwrap();
        issued["access_token"].as_str().unwrap().to_owned()
    }

    /// The path of our subscription, and what is below it.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/subscriptions/{}{below}", self.ours.name())
    }

    /// The path of our user.
    pub(crate) fn user(&self) -> String {
        format!("/users/{}", self.ours.consumer_name())
    }

    /// What is stored under a name.
    pub(crate) fn stored(&self, list: &str, name: &str) -> Value {
        let state = self.fake.state();
        let all = state[list].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == name);
        found.map(|one| one["properties"].clone()).unwrap_or_default()
    }

    /// Our subscription, as it is stored.
    pub(crate) fn subscription(&self) -> Value {
        self.stored("subscriptions", &self.ours.name())
    }
}

fn body(text: &str) -> Body {
    Body::Whole(text.to_owned().into_bytes().into())
}

pub(crate) fn settings(fake: &Fake) -> Settings {
    let options = fake.options();
    serde_json::from_value(json!({
        "subscriptionId": options.subscription_id,
        "resourceGroup": options.resource_group,
        "serviceName": options.service_name,
        "tenantId": options.tenant_id,
        "url": fake.admin_url(),
        "loginUrl": fake.admin_url(),
    }))
    .unwrap()
}

pub(crate) fn credentials() -> Credentials {
    serde_json::from_value(json!({ "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET })).unwrap()
}

pub(crate) fn scope(products: &[&str]) -> BTreeSet<String> {
    products.iter().map(|product| (*product).to_owned()).collect()
}

pub(crate) fn key(number: u32, secret: &str) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Provided(SecretString::from(secret)),
        scope: BTreeSet::new(),
    }
}

pub(crate) fn generated(number: u32) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Generated,
        scope: BTreeSet::new(),
    }
}

pub(crate) fn drop_key(number: u32) -> Step {
    Step::DropCredential {
        number: Some(number),
        remote_id: None,
    }
}

/// Everything that a subscription to orders takes.
pub(crate) fn subscribed() -> Vec<Step> {
    vec![Step::Application, Step::Scope(scope(&[ORDERS])), key(1, KEY)]
}
