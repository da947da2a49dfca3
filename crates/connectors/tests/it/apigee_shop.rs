//! An Apigee that somebody has run for a while, connected: the stateful stand-in, its runtime, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::apigee::{Apigee, Credentials, Settings};
use gatewright_connectors::model::{Applied, ObservedCredential, Secret};
use gatewright_connectors::{Application, Connector, Fault, Link, Observed, Step};
use gatewright_egress::{Answer, Body, Client, Options as Egress, Policy, Request};
use gatewright_types::Clock;
use http::Method;
use http::header::{self, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use vendor_fakes::apigee::{Fake, Options, Seed};

use crate::stand::{Calls, NOW_MS, application, link, this_machine};

pub(crate) const KEY: &str = "sk_live_theCustomersSecret0001";
pub(crate) const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";
pub(crate) const ORDERS: &str = "prod-orders";
/// It waits for approval.
pub(crate) const PAYMENTS: &str = "prod-payments";

pub(crate) struct Shop {
    pub(crate) fake: Fake,
    pub(crate) apigee: Apigee,
    pub(crate) link: Link,
    pub(crate) calls: Calls,
    pub(crate) ours: Application,
    token: String,
    client: Client,
    policy: Policy,
}

/// What the tests' clocks agree on.
pub(crate) fn clock() -> Clock {
    Clock::manual(chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap())
}

pub(crate) fn settings(url: &str, token_url: &str) -> Settings {
    let settings = json!({ "organization": "acme-prod", "url": url, "tokenUrl": token_url });
    serde_json::from_value(settings).unwrap()
}

pub(crate) fn credentials(key: &Value) -> Credentials {
    serde_json::from_value(json!({ "serviceAccountKey": key })).unwrap()
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Options::default()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let options = Options {
            seed: Seed::Demo,
            clock: clock(),
            ..options
        };
        let fake = Fake::start(options).await.unwrap();
        let (link, calls) = link(Duration::from_secs(10));
        let apigee = connected(&fake, &fake.admin_url());
        let mut shop = Self {
            token: String::new(),
            apigee,
            ours: application(1),
            client: Client::new(Egress::default()),
            policy: this_machine(),
            fake,
            link,
            calls,
        };
        shop.sign_in().await;
        shop
    }

    /// Calls it from now on through something that stands before it; tokens come from where they came from.
    pub(crate) fn through(&mut self, url: &str) {
        self.apigee = connected(&self.fake, url);
    }

    /// A token of somebody's own, got with a connection of their own.
    pub(crate) async fn sign_in(&mut self) {
        let seen = crate::stand::Said::start(|_| crate::stand::json("404 Not Found", "{}")).await;
        let other = connected(&self.fake, &seen.url);
        let _ = other.observe(&self.link, &self.ours).await;
        let head = seen.seen().swap_remove(0);
        let bearer = head
            .lines()
            .find_map(|line| line.strip_prefix("authorization: Bearer "));
        bearer.unwrap().clone_into(&mut self.token);
        self.calls.take();
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.apigee.observe(&self.link, &self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    pub(crate) async fn apply(&self, step: &Step) -> Result<Applied, Fault> {
        let observed = self.apigee.observe(&self.link, &self.ours).await?;
        self.apigee.apply(&self.link, &self.ours, step, &observed).await
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
        let nothing = Observed::default();
        let done = self.apigee.apply(&self.link, &self.ours, step, &nothing).await;
        done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()))
    }

    pub(crate) async fn read(&self, credential: &ObservedCredential) -> Option<SecretString> {
        self.apigee
            .read_secret(&self.link, &self.ours, credential)
            .await
            .unwrap()
    }

    /// What the runtime answers to this key.
    pub(crate) async fn call(&self, path: &str, key: &str) -> u16 {
        let name = HeaderName::from_static("x-apikey");
        let request = Request::get(format!("{}{path}", self.fake.proxy_url()));
        let request = request.field(name, HeaderValue::from_str(key).unwrap());
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    /// Somebody's own hand at the management API.
    pub(crate) async fn by_hand(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, &body).await;
        assert!(
            answer.status.is_success(),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    pub(crate) async fn is_there(&self, path: &str) -> bool {
        self.ask(Method::GET, path, &Value::Null).await.status == http::StatusCode::OK
    }

    /// An action without a body is sent as Apigee wants it.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.token)).unwrap();
        let mut request = Request::new(method, format!("{}{path}", self.fake.organization_url())).repeatable();
        request = request.field(header::AUTHORIZATION, bearer);
        let content_type = if body.is_null() {
            "application/octet-stream"
        } else {
            "application/json"
        };
        request = request.field(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if !body.is_null() {
            request = request.body(Body::Whole(body.to_string().into_bytes().into()));
        }
        self.client.send(request, &self.policy).await.unwrap()
    }

    /// The path of our developer.
    pub(crate) fn developer(&self) -> String {
        format!("/developers/{}%40gatewright.invalid", self.ours.consumer_name())
    }

    /// The path of our app, and what is below it.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("{}/apps/{}{below}", self.developer(), self.ours.name())
    }
}

pub(crate) fn connected(fake: &Fake, url: &str) -> Apigee {
    let credentials = credentials(&fake.service_account_key());
    Apigee::new(settings(url, &fake.token_url()), &credentials).unwrap()
}

pub(crate) fn scope(products: &[&str]) -> BTreeSet<String> {
    products.iter().map(|product| (*product).to_owned()).collect()
}

pub(crate) fn key(number: u32, secret: &str, products: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Provided(SecretString::from(secret)),
        scope: scope(products),
    }
}

pub(crate) fn generated(number: u32, products: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(products),
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
    vec![Step::Application, key(1, KEY, &[ORDERS])]
}
