//! Amazon API Gateway in one region of one account: the management API of REST APIs as botocore describes it and as its own
//! servers were seen to answer, the token service beside it (at `/`), and stages that admit by API key and usage plan.
//!
//! Invariants:
//! * Every call is signed (Signature Version 4), and the signature is recomputed; but for somebody's at the console, who says so
//!   in the field `X-Console`.
//! * A key's value is unique, its name is not; `name=` finds what begins so.
//! * The documented rates are counted, and kept to with [`Options::throttles`].
//!
//! Assumed, for want of a recording: the words of the 409 on a second membership and on two plans of one stage; which
//! letters a value may have ([`Options::alphanumeric_values`] has the stricter reading).
//!
//! Not modelled: quotas and throttling of plans, changes of plans and APIs, client certificates, authorizers.
//!
//! Read `admin.rs` first, then `store.rs`.

mod admin;
mod error;
mod fake;
mod proxy;
mod seed;
mod sign;
mod store;
mod throttle;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use serde_json::{Value, json};

use self::error::Refused;
pub use self::fake::Fake;
use self::sign::Session;
use self::store::Store;
use self::throttle::Throttle;
use crate::faults::Door;
use crate::stage::{Place, Refusal, Touched, Vendor};
pub use crate::told::Seed;
use crate::wire::{Request, Response};

/// The access key that lets in unless the options name another. It says that it belongs to the account 123456789012.
pub const ACCESS_KEY_ID: &str = "AKIARZPUZDIKCWNSD7RT";
/// Its secret.
pub const SECRET_ACCESS_KEY: &str = "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";

/// A key that is there at the start, besides the seed's. It is enabled.
#[derive(Clone, Debug)]
pub struct GivenKey {
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The usage plans that it is in.
    pub plans: Vec<String>,
}

/// An API with a stage `prod` that is there at the start, besides the seed's. Its id is its name.
#[derive(Clone, Debug)]
pub struct GivenApi {
    /// Its name and id.
    pub name: String,
    /// Paths and methods, how those authorize, and whether they ask for a key.
    pub methods: Vec<(String, String, String, bool)>,
}

/// A role that can be assumed.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name, as in `arn:aws:iam::123456789012:role/gatewright`.
    pub arn: String,
    /// What whoever assumes it has to say, if anything.
    pub external_id: Option<String>,
}

/// How a fake account is made.
#[derive(Clone)]
pub struct Options {
    /// Its region.
    pub region: String,
    /// The access key that lets in.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// A role that the access key may assume.
    pub role: Option<Role>,
    /// How long what a role lends is valid.
    pub token_lifetime: Duration,
    /// Operations that the caller may not do, as in `CreateApiKey`.
    pub denied: BTreeSet<&'static str>,
    /// The account has usage plans; those from before 2016 may have none.
    pub usage_plans: bool,
    /// Calls beyond the documented rates are answered 429; otherwise they are only counted.
    pub throttles: bool,
    /// Most keys: 10,000 in every account.
    pub keys_max: usize,
    /// A key's value has letters and digits only.
    pub alphanumeric_values: bool,
    /// What is there at the start.
    pub seed: Seed,
    /// Keys that are there besides.
    pub keys: Vec<GivenKey>,
    /// APIs that are there besides.
    pub apis: Vec<GivenApi>,
    /// Tells whether a signature is of now.
    pub clock: Clock,
    /// Makes ids and values.
    pub rng: Rng,
    /// Decides what faults' probabilities come to.
    pub fault_seed: u64,
    /// Where the management API and the token service listen; port 0 is a free one.
    pub admin: SocketAddr,
    /// Where the stages listen.
    pub proxy: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            region: "eu-central-1".to_owned(),
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SECRET_ACCESS_KEY.to_owned(),
            role: None,
            token_lifetime: Duration::from_secs(3600),
            denied: BTreeSet::new(),
            usage_plans: true,
            throttles: false,
            keys_max: 10_000,
            alphanumeric_values: false,
            seed: Seed::Empty,
            keys: Vec::new(),
            apis: Vec::new(),
            clock: Clock::System,
            rng: Rng::System,
            fault_seed: 0,
            admin: free,
            proxy: free,
        }
    }
}

/// One account in one region.
struct Aws {
    options: Options,
    store: Store,
    throttle: Throttle,
    /// What was lent, by access key.
    sessions: BTreeMap<String, Session>,
}

impl Aws {
    fn new(options: Options, now_ms: i64) -> Self {
        let mut store = Store::new(options.rng.clone(), options.keys_max, options.alphanumeric_values);
        if options.seed == Seed::Demo {
            seed::demo(&mut store, now_ms);
        }
        seed::given(&mut store, &options, now_ms);
        Self {
            store,
            throttle: Throttle::new(now_ms),
            sessions: BTreeMap::new(),
            options,
        }
    }
}

impl Vendor for Aws {
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response {
        match door {
            Door::Admin => admin::answer(self, request, now_ms),
            Door::Proxy => proxy::answer(self, request),
        }
    }

    fn place(&self, door: Door, request: &Request) -> Place {
        match door {
            Door::Admin => admin::place(request),
            Door::Proxy => Place {
                path: request.path.clone(),
                template: "(proxy)".to_owned(),
                entity: None,
            },
        }
    }

    fn refusal(&self, refusal: Refusal, request: &Request) -> Response {
        let refused = match refusal {
            Refusal::Unauthorized => {
                let message = "The security token included in the request is expired";
                Refused::forbidden("ExpiredTokenException", message)
            }
            Refusal::Conflict => Refused::conflict("API Key already exists"),
            Refusal::Throttled => Refused::throttled(),
            Refusal::Failed(status) => Refused::new(status, "ServiceUnavailableException", "Service Unavailable"),
        };
        if request.path == "/" {
            refused.in_xml()
        } else {
            refused.into()
        }
    }

    fn plant_foreign(&mut self, request: &Request, now_ms: i64) {
        let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if request.path == "/apikeys" && given["value"].is_string() {
            let theirs = json!({ "name": "theirs", "value": given["value"], "enabled": true });
            if let Ok(key) = self.store.create_key(&theirs, now_ms) {
                self.store.mark_foreign(&key.id);
            }
        }
    }

    fn mark_foreign(&mut self) {
        self.store.mark_all_foreign();
    }

    fn touched(&self) -> Vec<Touched> {
        self.store.touched()
    }

    fn secrets(&self) -> Vec<String> {
        self.store.secrets.clone()
    }

    fn state(&self) -> Value {
        let keys = self.store.keys.iter().map(|key| {
            let mut shown = key.shown(true);
            shown["usagePlanIds"] = self.store.plans_of(&key.id).map(|plan| plan.id.clone()).collect();
            shown
        });
        json!({
            "apikeys": keys.collect::<Vec<_>>(),
            "usageplans": self.store.plans.iter().map(store::Plan::shown).collect::<Vec<_>>(),
            "restapis": self.store.apis.iter().map(store::Api::shown).collect::<Vec<_>>(),
            "rates": self.throttle.told(),
        })
    }

    fn reset(&mut self, now_ms: i64) {
        *self = Self::new(self.options.clone(), now_ms);
    }
}
