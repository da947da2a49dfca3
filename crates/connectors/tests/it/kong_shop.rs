//! A Kong that somebody has run for a while, connected: the stateful stand-in, its proxy, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::kong::{self, Credentials, Kong, Settings};
use gatewright_connectors::model::{Applied, ObservedCredential, Secret};
use gatewright_connectors::{Application, Connector, Fault, Link, Observed, Step};
use gatewright_egress::{Answer, Body, Client, Options as Egress, Policy, Request};
use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use vendor_fakes::kong::{Fake, Flavor, Options, Seed};

use crate::stand::{Calls, TOKEN, application, link, settings, this_machine};

pub(crate) const KEY: &str = "sk_live_theCustomersSecret0001";
pub(crate) const ORDERS: &str = "prod-orders";
pub(crate) const PAYMENTS: &str = "prod-payments";

pub(crate) struct Shop {
    pub(crate) fake: Fake,
    pub(crate) kong: Kong,
    pub(crate) link: Link,
    pub(crate) calls: Calls,
    pub(crate) ours: Application,
    client: Client,
    policy: Policy,
}

impl Shop {
    pub(crate) async fn open(flavor: Flavor) -> Self {
        Self::with(flavor, Duration::ZERO).await
    }

    /// Services, routes and plugins reach the proxy after `rebuild`.
    pub(crate) async fn with(flavor: Flavor, rebuild: Duration) -> Self {
        let token = matches!(flavor, Flavor::Enterprise | Flavor::Konnect).then(|| TOKEN.to_owned());
        let options = Options {
            flavor,
            token,
            rebuild,
            seed: Seed::Demo,
            ..Options::default()
        };
        let control_plane = options.control_plane;
        let fake = Fake::start(options).await.unwrap();
        let kong = Self::connected(&fake.admin_url(), flavor, control_plane);
        let (link, calls) = link(Duration::from_secs(10));
        Self {
            kong,
            ours: application(1),
            client: Client::new(Egress::default()),
            policy: this_machine(),
            fake,
            link,
            calls,
        }
    }

    fn connected(url: &str, flavor: Flavor, control_plane: uuid::Uuid) -> Kong {
        let settings = Settings {
            workspace: (flavor == Flavor::Enterprise).then(|| "default".to_owned()),
            control_plane_id: (flavor == Flavor::Konnect).then(|| control_plane.to_string()),
            flavor: match flavor {
                Flavor::Konnect => kong::Flavor::Konnect,
                _ => kong::Flavor::AdminApi,
            },
            ..settings(url)
        };
        let credentials: Credentials = serde_json::from_value(match flavor {
            Flavor::Oss | Flavor::DbLess => json!({}),
            Flavor::Enterprise => json!({ "headers": { "Kong-Admin-Token": TOKEN } }),
            Flavor::Konnect => json!({ "bearer": TOKEN }),
        })
        .unwrap();
        Kong::new(settings, &credentials).unwrap()
    }

    /// Calls it from now on through something that stands before it.
    pub(crate) fn through(&mut self, url: &str, flavor: Flavor) {
        self.kong = Self::connected(url, flavor, Options::default().control_plane);
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.kong.observe(&self.link, &self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    pub(crate) async fn apply(&self, step: &Step) -> Result<Applied, Fault> {
        let observed = self.kong.observe(&self.link, &self.ours).await?;
        self.kong.apply(&self.link, &self.ours, step, &observed).await
    }

    pub(crate) async fn apply_all(&self, steps: &[Step]) {
        for step in steps {
            self.apply(step).await.unwrap();
        }
    }

    /// What the proxy answers to this key.
    pub(crate) async fn call(&self, path: &str, key: &str) -> u16 {
        let name = HeaderName::from_static("apikey");
        let request = Request::get(format!("{}{path}", self.fake.proxy_url()));
        let request = request.field(name, HeaderValue::from_str(key).unwrap());
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    /// Somebody's own hand at the Admin API.
    pub(crate) async fn by_hand(&self, method: Method, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body).await;
        assert!(
            answer.status.is_success(),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    pub(crate) async fn is_there(&self, path: &str) -> bool {
        self.ask(Method::GET, path, Value::Null).await.status == StatusCode::OK
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::new(method, format!("{}{path}", self.fake.base_url()))
            .field(
                HeaderName::from_static("kong-admin-token"),
                HeaderValue::from_static(TOKEN),
            )
            .field(
                http::header::AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {TOKEN}")).unwrap(),
            );
        if !body.is_null() {
            request = request
                .field(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(Body::Whole(body.to_string().into_bytes().into()));
        }
        self.client.send(request, &self.policy).await.unwrap()
    }

    /// The path of our consumer, and what is below it.
    pub(crate) fn path(&self, below: &str) -> String {
        format!("/consumers/{}{below}", self.ours.id_of("consumer"))
    }
}

pub(crate) fn scope(groups: &[&str]) -> BTreeSet<String> {
    groups.iter().map(|group| (*group).to_owned()).collect()
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

impl Shop {
    /// Does one step without having looked.
    pub(crate) async fn blindly(&self, step: &Step) -> Applied {
        self.kong
            .apply(&self.link, &self.ours, step, &Observed::default())
            .await
            .unwrap()
    }

    pub(crate) async fn read(&self, credential: &ObservedCredential) -> Option<SecretString> {
        self.kong.read_secret(&self.link, &self.ours, credential).await.unwrap()
    }
}
