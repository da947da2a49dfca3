//! Azure API Management: its part of Azure Resource Manager, the login in front of it, and a gateway that admits by
//! subscription key.
//!
//! Invariants:
//! * A GET never shows a subscription's keys; `POST …/listSecrets` does.
//! * A subscription that names no state is `submitted` and opens nothing; nothing ends by its `expirationDate`.
//! * PATCH and DELETE want `If-Match`; every change gives an object another ETag.
//! * Keys, states and scopes reach the gateway at once.
//! * Azure's throttling is counted for each kind of call ([`throttle`]); it refuses only when [`Options::throttles`].
//!
//! What is not public is assumed, and says so where it is written: the answers to an e-mail address or a key that is taken, to a
//! product's limit of subscriptions, and to deleting a user who still has subscriptions.
//!
//! Not modelled: groups, policies, workspaces, revisions, other ways to authenticate at the gateway.
//!
//! Read `arm.rs` first, then `store.rs`.

mod arm;
mod error;
mod fake;
mod gateway;
mod list;
mod login;
mod products;
mod seed;
mod store;
mod subscriptions;
pub mod throttle;
mod users;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::fake::Fake;
use self::login::Tokens;
use self::store::{Kind, Store};
use self::throttle::Throttle;
use crate::faults::Door;
use crate::stage::{Place, Refusal, Touched, Vendor};
pub use crate::told::Seed;
use crate::wire::{Request, Response};

/// More requests than this are not kept.
const MAX_HEARD: usize = 10_000;

/// How a fake service is made.
#[derive(Clone)]
pub struct Options {
    /// The Azure subscription.
    pub subscription_id: Uuid,
    /// The resource group.
    pub resource_group: String,
    /// The service's name.
    pub service_name: String,
    /// The Entra tenant.
    pub tenant_id: Uuid,
    /// Who may log in, as a client's id and secret; without it everybody is let in, with or without a token.
    pub client: Option<(String, String)>,
    /// How long a token lasts.
    pub token_lifetime: Duration,
    /// The tier, as in `Developer`.
    pub sku: String,
    /// How long deleting a user takes; it is answered with 202 and a `Location` then.
    pub delete_takes: Duration,
    /// Keeps every request to the resource manager, whole, for [`Running::state`](crate::running::Running::state) to show: a test compares them.
    pub records: bool,
    /// Answers 429 where Azure's throttling would, instead of only counting.
    pub throttles: bool,
    /// Calls that the caller's role does not allow, by method and path template, as in `POST /subscriptions/*/listSecrets`.
    pub denies: Vec<String>,
    /// What is there at the start.
    pub seed: Seed,
    /// Tells when what expires; can be moved further by [`Running::advance`](crate::running::Running::advance).
    pub clock: Clock,
    /// Makes keys and tokens.
    pub rng: Rng,
    /// Decides what faults' probabilities come to.
    pub fault_seed: u64,
    /// Where Azure Resource Manager and the login listen; port 0 is a free one.
    pub admin: SocketAddr,
    /// Where the gateway listens.
    pub proxy: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            subscription_id: Uuid::from_u128(0x0a2u128 << 112 | 1),
            resource_group: "shop".to_owned(),
            service_name: "shop-apim".to_owned(),
            tenant_id: Uuid::from_u128(0x0a2u128 << 112 | 2),
            client: None,
            token_lifetime: Duration::from_secs(3599),
            sku: "Developer".to_owned(),
            delete_takes: Duration::ZERO,
            records: false,
            throttles: false,
            denies: Vec::new(),
            seed: Seed::Empty,
            clock: Clock::System,
            rng: Rng::System,
            fault_seed: 0,
            admin: free,
            proxy: free,
        }
    }
}

/// One service.
struct Azure {
    options: Options,
    store: Store,
    tokens: Tokens,
    throttle: Throttle,
    /// Messages that were sent to users.
    mails: u64,
    /// What was asked, where that is kept.
    heard: Vec<Value>,
    /// Users on their way out, and when they are gone.
    leaving: Vec<(String, i64)>,
}

impl Azure {
    fn new(options: Options) -> Self {
        let mut azure = Self {
            store: Store::default(),
            tokens: Tokens::default(),
            throttle: Throttle::default(),
            mails: 0,
            heard: Vec::new(),
            leaving: Vec::new(),
            options,
        };
        if azure.options.seed == Seed::Demo {
            seed::demo(&mut azure);
        }
        azure
    }

    fn has_users(&self) -> bool {
        self.options.sku != "Consumption"
    }

    /// As many letters and digits as Azure's own keys have.
    fn random_key(&self) -> String {
        let bytes: [u8; 16] = self.options.rng.bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Users whose time has come leave, with their subscriptions where that was asked for.
    fn settle(&mut self, now_ms: i64) {
        let (gone, staying) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition(|(_, at)| *at <= now_ms);
        self.leaving = staying;
        let gone: Vec<(String, i64)> = gone;
        for (id, _) in gone {
            self.store.remove(Kind::User, &id);
        }
    }
}

impl Vendor for Azure {
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response {
        self.settle(now_ms);
        if door == Door::Admin && self.options.records && self.heard.len() < MAX_HEARD {
            self.heard.push(heard(request));
        }
        match door {
            Door::Admin => arm::answer(self, request, now_ms),
            Door::Proxy => gateway::answer(self, request),
        }
    }

    fn place(&self, door: Door, request: &Request) -> Place {
        let base = base_path(&self.options);
        let path = request.path.strip_prefix(&base).unwrap_or(&request.path);
        let (template, entity) = match door {
            Door::Proxy => ("(gateway)".to_owned(), None),
            Door::Admin if login::is_login(request) => ("(login)".to_owned(), None),
            Door::Admin => self.about(path),
        };
        Place {
            path: path.to_owned(),
            template,
            entity,
        }
    }

    fn refusal(&self, refusal: Refusal, request: &Request) -> Response {
        if login::is_login(request) {
            return login::refusal(refusal);
        }
        match refusal {
            Refusal::Unauthorized => error::unauthorized(),
            Refusal::Conflict => error::answer(
                StatusCode::CONFLICT,
                "Conflict",
                "The request could not be completed due to a conflict with the current state of the resource.",
            ),
            Refusal::Throttled => throttle::refusal(),
            Refusal::Failed(status) => error::answer(status, "InternalServerError", "An unexpected error occurred."),
        }
    }

    /// Somebody else takes the e-mail address, or the key.
    fn plant_foreign(&mut self, request: &Request, _now_ms: i64) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let given = &body["properties"];
        if let Some(email) = given["email"].as_str() {
            let user = json!({ "email": email, "firstName": "Somebody", "lastName": "Else", "state": "active" });
            self.store.put(Kind::User, "somebody-else", user);
            self.store.mark_foreign(Kind::User, "somebody-else");
        }
        if let Some(key) = ["primaryKey", "secondaryKey"]
            .iter()
            .find_map(|name| given[*name].as_str())
        {
            let keys = json!({ "primaryKey": key, "secondaryKey": self.random_key() });
            let mut row = json!({ "scope": "/apis", "displayName": "somebody else's", "state": "active" });
            for (name, value) in keys.as_object().into_iter().flatten() {
                row[name] = value.clone();
            }
            self.store.put(Kind::Subscription, "somebody-elses", row);
            self.store.mark_foreign(Kind::Subscription, "somebody-elses");
        }
    }

    fn mark_foreign(&mut self) {
        self.store.mark_all_foreign();
    }

    fn touched(&self) -> Vec<Touched> {
        self.store.touched()
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.store.secrets().to_vec();
        secrets.extend(self.tokens.issued());
        secrets
    }

    fn state(&self) -> Value {
        let mut state = self.store.state();
        state["mails"] = json!(self.mails);
        if self.options.records {
            state["heard"] = json!(self.heard);
        }
        state["throttle"] = json!(self.throttle);
        state
    }

    fn reset(&mut self, _now_ms: i64) {
        *self = Self::new(self.options.clone());
    }
}

impl Azure {
    /// A path without anything particular, and what calls there contend for: a user's is everything that is owned by them.
    fn about(&self, path: &str) -> (String, Option<String>) {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        match segments.as_slice() {
            [] => ("/".to_owned(), None),
            [list] => (format!("/{list}"), None),
            [list, id, below @ ..] => {
                let below: String = below.iter().map(|segment| format!("/{segment}")).collect();
                let owner = (*list == "subscriptions").then(|| self.store.owner_of(id)).flatten();
                let entity = match owner {
                    Some(user) => format!("users/{user}"),
                    None => format!("{list}/{id}"),
                };
                (format!("/{list}/*{below}"), Some(entity))
            }
        }
    }
}

/// A request, whole, as a test compares it.
fn heard(request: &Request) -> Value {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    json!({
        "method": request.method.as_str(),
        "path": request.path,
        "query": request.pairs(),
        "ifMatch": request.header("if-match"),
        "accept": request.header("accept"),
        "contentType": request.header("content-type"),
        "body": body,
    })
}

/// What stands before each path of the service.
fn base_path(options: &Options) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.ApiManagement/service/{}",
        options.subscription_id, options.resource_group, options.service_name
    )
}
