//! An Anypoint that somebody has run for a while, connected: the stateful stand-in, its gateway, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::choice::Rotation;
use gatewright_connectors::model::{Applied, ObservedCredential, Secret};
use gatewright_connectors::mulesoft::{ClientProvider, Credentials, MuleSoft, Settings};
use gatewright_connectors::{Application, Connector, Fault, Link, Observed, Step};
use gatewright_egress::{Answer, Body, Client, Options as Egress, Policy, Request};
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};
use vendor_fakes::mulesoft::{Fake, Options, Seed};

use crate::stand::{Calls, application, link, this_machine};

pub(crate) const KEY: &str = "sk_live_theCustomersSecret000000000000000000001";
pub(crate) const SECOND_KEY: &str = "sk_live_theCustomersSecret000000000000000000002";
/// Asks for a client id.
pub(crate) const ORDERS: &str = "20000001";
/// Asks for a client id and a tier: this one is approved by itself.
pub(crate) const PAYMENTS_GOLD: &str = "20000002:301";
/// And this one by somebody.
pub(crate) const PAYMENTS_SILVER: &str = "20000002:302";
/// Asks for id and secret, and for approval.
pub(crate) const REPORTS: &str = "20000003";
/// Asks for nothing.
pub(crate) const STATUS: &str = "20000004";

pub(crate) struct Shop {
    pub(crate) fake: Fake,
    pub(crate) mule: MuleSoft,
    pub(crate) link: Link,
    pub(crate) calls: Calls,
    pub(crate) ours: Application,
    pub(crate) options: Options,
    client: Client,
    policy: Policy,
    token: tokio::sync::Mutex<String>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(demo()).await
    }

    pub(crate) async fn with(options: Options) -> Self {
        let fake = Fake::start(options.clone()).await.unwrap();
        let mule = connected(&fake.admin_url(), &options);
        let (link, calls) = link(Duration::from_secs(10));
        Self {
            mule,
            ours: application(1),
            client: Client::new(Egress::default()),
            policy: this_machine(),
            fake,
            link,
            calls,
            options,
            token: tokio::sync::Mutex::default(),
        }
    }

    /// Forgets its token and all that was seen with it, as after a restart.
    pub(crate) fn restart(&mut self) {
        self.mule = connected(&self.fake.admin_url(), &self.options);
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.mule.observe(&self.link, &self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    pub(crate) async fn apply(&self, step: &Step) -> Result<Applied, Fault> {
        let observed = self.mule.observe(&self.link, &self.ours).await?;
        self.mule.apply(&self.link, &self.ours, step, &observed).await
    }

    pub(crate) async fn apply_all(&self, steps: &[Step]) {
        for step in steps {
            self.apply(step).await.unwrap();
        }
    }

    /// Does one step without having looked.
    pub(crate) async fn blindly(&self, step: &Step) -> Applied {
        self.mule
            .apply(&self.link, &self.ours, step, &Observed::default())
            .await
            .unwrap()
    }

    pub(crate) async fn read(&self, credential: &ObservedCredential) -> Option<SecretString> {
        self.mule.read_secret(&self.link, &self.ours, credential).await.unwrap()
    }

    /// What the gateway answers to this client id, and perhaps secret.
    pub(crate) async fn call(&self, path: &str, id: &str, secret: Option<&str>) -> u16 {
        let mut request = Request::get(format!("{}{path}", self.fake.proxy_url()));
        for (name, value) in [("client_id", Some(id)), ("client_secret", secret)] {
            if let Some(value) = value {
                request = request.field(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
            }
        }
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    /// What it answers to the key alone: at orders, and at payments.
    pub(crate) async fn admits(&self, key: &str) -> [u16; 2] {
        [
            self.call("/orders", key, None).await,
            self.call("/payments", key, None).await,
        ]
    }

    /// Somebody's own hand at the platform.
    pub(crate) async fn by_hand(&self, method: Method, path: &str, body: Value) -> Value {
        let token = self.token().await;
        let answer = self.ask(method, path, &token, body).await;
        assert!(
            answer.status.is_success(),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    async fn token(&self) -> String {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": self.options.client_id,
            "client_secret": self.options.client_secret,
        });
        let answer = self.ask(Method::POST, "/accounts/api/v2/oauth2/token", "", body).await;
        let granted: Value = serde_json::from_slice(&answer.body).unwrap();
        granted["access_token"].as_str().unwrap().to_owned()
    }

    async fn ask(&self, method: Method, path: &str, token: &str, body: Value) -> Answer {
        let mut request = Request::new(method, format!("{}{path}", self.fake.admin_url())).field(
            AUTHORIZATION,
            HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
        );
        if !body.is_null() {
            request = request
                .field(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Body::Whole(body.to_string().into_bytes().into()));
        }
        self.client.send(request, &self.policy).await.unwrap()
    }

    /// Where client applications are.
    pub(crate) fn applications(&self) -> String {
        let organization = self.options.root_organization;
        format!("/exchange/api/v2/organizations/{organization}/applications")
    }

    /// Where the contracts of an API instance are.
    pub(crate) fn contracts(&self, api: &str) -> String {
        let Options {
            organization,
            environment,
            ..
        } = self.options;
        format!("/apimanager/api/v1/organizations/{organization}/environments/{environment}/apis/{api}/contracts")
    }

    /// What is stored of a kind of objects.
    pub(crate) fn stored(&self, kind: &str) -> Vec<Value> {
        self.fake.state()[kind].as_array().unwrap().clone()
    }

    /// The client applications that are ours.
    pub(crate) fn stored_ours(&self) -> Vec<Value> {
        let ours = |one: &Value| one["name"].as_str().unwrap().starts_with(&self.ours.name());
        self.stored("applications").into_iter().filter(ours).collect()
    }

    pub(crate) fn nothing_foreign_was_touched(&self, place: &str) {
        assert!(self.fake.touched().is_empty(), "{place}: {:?}", self.fake.touched());
    }
}

pub(crate) fn demo() -> Options {
    Options {
        seed: Seed::Demo,
        clock: gatewright_types::Clock::manual(chrono::DateTime::from_timestamp_millis(crate::stand::NOW_MS).unwrap()),
        ..Options::default()
    }
}

pub(crate) fn settings(url: &str, options: &Options) -> Settings {
    Settings {
        root_organization_id: options.root_organization.to_string(),
        organization_id: options.organization.to_string(),
        environment_id: options.environment.to_string(),
        region: "US".to_owned(),
        url: Some(url.to_owned()),
        rotation: Rotation::Clone,
        client_provider: ClientProvider::Anypoint,
    }
}

pub(crate) fn credentials(options: &Options) -> Credentials {
    Credentials {
        client_id: options.client_id.clone(),
        client_secret: SecretString::from(options.client_secret.clone()),
    }
}

pub(crate) fn connected(url: &str, options: &Options) -> MuleSoft {
    MuleSoft::new(settings(url, options), &credentials(options)).unwrap()
}

pub(crate) fn scope(remote_ids: &[&str]) -> BTreeSet<String> {
    remote_ids.iter().map(|id| (*id).to_owned()).collect()
}

pub(crate) fn key(number: u32, secret: &str, remote_ids: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Provided(SecretString::from(secret)),
        scope: scope(remote_ids),
    }
}

pub(crate) fn generated(number: u32, remote_ids: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(remote_ids),
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

impl Shop {
    /// Somebody makes a client application, one of very many: by the token that was got for the first.
    pub(crate) async fn fake_made(&self, path: &str, body: Value) {
        let mut token = self.token.lock().await;
        if token.is_empty() {
            *token = self.token().await;
        }
        let answer = self.ask(Method::POST, path, &token, body).await;
        assert!(answer.status.is_success(), "{:?}", answer.body);
    }
}
