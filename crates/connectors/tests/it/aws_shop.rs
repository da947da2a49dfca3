//! An account that somebody has run for a while, connected: the stateful stand-in, its stages, and ours.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::aws::{AssumeRole, AwsApiGateway, Credentials, Settings};
use gatewright_connectors::model::{Applied, Secret};
use gatewright_connectors::{Application, Connector, Fault, Link, Observed, Step};
use gatewright_egress::{Body, Client, Options as Egress, Policy, Request};
use gatewright_types::Clock;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;
use vendor_fakes::aws::{ACCESS_KEY_ID, Fake, GivenApi, GivenKey, Options, Role, SECRET_ACCESS_KEY, Seed};

use crate::stand::{Calls, NOW_MS, application, link, this_machine};

pub(crate) const KEY: &str = "sk_live_theCustomersSecret0001";
pub(crate) const SECOND_KEY: &str = "sk_live_theCustomersSecret0002";
/// The seed's usage plans.
pub(crate) const ORDERS: &str = "plan01";
pub(crate) const PAYMENTS: &str = "plan02";
const ROLE: &str = "arn:aws:iam::123456789012:role/gatewright";

pub(crate) struct Shop {
    pub(crate) fake: Fake,
    pub(crate) aws: AwsApiGateway,
    pub(crate) link: Link,
    pub(crate) calls: Calls,
    pub(crate) ours: Application,
    pub(crate) clock: Clock,
    client: Client,
    policy: Policy,
}

pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        region: "eu-central-1".to_owned(),
        url: Some(url.to_owned()),
        sts_url: Some(url.to_owned()),
        assume_role: None,
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SecretString::from(SECRET_ACCESS_KEY),
        session_token: None,
    }
}

pub(crate) fn assume_role() -> AssumeRole {
    AssumeRole {
        role_arn: ROLE.to_owned(),
        external_id: Some("tenant-7".to_owned()),
        session_name: None,
    }
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(|options| options.seed = Seed::Demo, false).await
    }

    /// Works as a role that is assumed.
    pub(crate) async fn with_role(token_lifetime: Duration) -> Self {
        let change = |options: &mut Options| {
            options.seed = Seed::Demo;
            options.token_lifetime = token_lifetime;
        };
        Self::with(change, true).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Options), as_role: bool) -> Self {
        let clock = Clock::manual(chrono::DateTime::from_timestamp_millis(NOW_MS).unwrap());
        let role = as_role.then(|| Role {
            arn: ROLE.to_owned(),
            external_id: Some("tenant-7".to_owned()),
        });
        let mut options = Options {
            clock: clock.clone(),
            role,
            ..Options::default()
        };
        change(&mut options);
        let fake = Fake::start(options).await.unwrap();
        let settings = Settings {
            assume_role: as_role.then(assume_role),
            ..settings(&fake.admin_url())
        };
        let (link, calls) = link(Duration::from_secs(10));
        Self {
            aws: AwsApiGateway::new(&settings, &credentials()).unwrap(),
            ours: application(1),
            client: Client::new(Egress::default()),
            policy: this_machine(),
            link: link.with_clock(clock.clone()),
            fake,
            calls,
            clock,
        }
    }

    pub(crate) async fn observe(&self) -> Observed {
        self.aws.observe(&self.link, &self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    pub(crate) async fn apply(&self, step: &Step) -> Result<Applied, Fault> {
        let observed = self.aws.observe(&self.link, &self.ours).await?;
        self.aws.apply(&self.link, &self.ours, step, &observed).await
    }

    pub(crate) async fn apply_all(&self, steps: &[Step]) {
        for step in steps {
            self.apply(step).await.unwrap();
        }
    }

    /// Does one step without having looked.
    pub(crate) async fn blindly(&self, step: &Step) -> Applied {
        let nothing = Observed::default();
        self.aws.apply(&self.link, &self.ours, step, &nothing).await.unwrap()
    }

    /// What a stage answers to this key.
    pub(crate) async fn call(&self, path: &str, key: &str) -> u16 {
        let name = HeaderName::from_static("x-api-key");
        let request = Request::get(format!("{}{path}", self.fake.proxy_url()));
        let request = request.field(name, HeaderValue::from_str(key).unwrap());
        self.client.send(request, &self.policy).await.unwrap().status.as_u16()
    }

    /// Somebody's own hand at the console.
    pub(crate) async fn by_hand(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = Request::new(method, format!("{}{path}", self.fake.admin_url()))
            .field(HeaderName::from_static("x-console"), HeaderValue::from_static("yes"));
        if !body.is_null() {
            request = request.body(Body::Whole(body.to_string().into_bytes().into()));
        }
        let answer = self.client.send(request, &self.policy).await.unwrap();
        assert!(
            answer.status.is_success(),
            "{path}: {} {:?}",
            answer.status,
            answer.body
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Every key there is, with its value and its plans.
    pub(crate) fn keys(&self) -> Vec<Value> {
        self.fake.state()["apikeys"].as_array().unwrap().clone()
    }

    /// Those that go by our name.
    pub(crate) fn our_keys(&self) -> Vec<Value> {
        let keys = self.keys().into_iter();
        keys.filter(|key| key["name"].as_str().unwrap().starts_with(&self.ours.name()))
            .collect()
    }

    /// The name of our key of this number.
    pub(crate) fn name(&self, number: u32) -> String {
        format!("{}-k{number}", self.ours.name())
    }
}

pub(crate) fn scope(plans: &[&str]) -> BTreeSet<String> {
    plans.iter().map(|plan| (*plan).to_owned()).collect()
}

pub(crate) fn key(number: u32, secret: &str, plans: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Provided(SecretString::from(secret)),
        scope: scope(plans),
    }
}

pub(crate) fn generated(number: u32, plans: &[&str]) -> Step {
    Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: Secret::Generated,
        scope: scope(plans),
    }
}

pub(crate) fn drop_key(number: u32) -> Step {
    Step::DropCredential {
        number: Some(number),
        remote_id: None,
    }
}

/// A key that is there at the start.
pub(crate) fn given_key(name: &str, tags: &[(&str, &str)], plans: &[&str]) -> GivenKey {
    GivenKey {
        name: name.to_owned(),
        tags: tags
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        plans: plans.iter().map(|plan| (*plan).to_owned()).collect(),
    }
}

/// An API that is there at the start: paths, methods, how those authorize, and whether they ask for a key.
pub(crate) fn given_api(name: &str, methods: &[(&str, &str, &str, bool)]) -> GivenApi {
    let owned = |(path, method, authorization, needs_key): &(&str, &str, &str, bool)| {
        (
            (*path).to_owned(),
            (*method).to_owned(),
            (*authorization).to_owned(),
            *needs_key,
        )
    };
    GivenApi {
        name: name.to_owned(),
        methods: methods.iter().map(owned).collect(),
    }
}
