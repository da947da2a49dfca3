//! Apigee X: its management API as Google's description of revision 20261006 has it, Google's token endpoint beside it, and a
//! proxy that admits as VerifyAPIKey does.
//!
//! Invariants:
//! * A token is given for a JWT that our service account signed, and for nothing else; it ends when it says.
//! * An app always comes with a key of its own making; an import makes a key without products and approved; a product on a key
//!   replaces the key's attributes; the lists of apps show what is approved unless they are asked for what is revoked.
//! * What is deleted with its app or its developer goes on for [`Options::linger`]: its keys are admitted and its names are taken.
//!
//! Assumed, because Google does not say: the types of violations other than `ConsumerKeyAlreadyExists` are those of Apigee Edge; an
//! app without keys is listed with those that have an approved one; an action with another content type than
//! `application/octet-stream` is refused.
//!
//! Not modelled: companies and app groups, OAuth tokens of apps, quotas, rate plans, spaces.
//!
//! Read `admin.rs` first, then `store.rs`.

mod admin;
mod apps;
mod error;
mod fake;
mod keys;
mod lists;
mod proxy;
mod rows;
mod seed;
mod store;
mod token;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use serde_json::{Value, json};

use self::error::Refused;
pub use self::fake::Fake;
use self::store::Store;
use self::token::Tokens;
use crate::faults::Door;
use crate::stage::{Place, Refusal, Touched, Vendor};
pub use crate::told::Seed;
use crate::wire::{Request, Response};

/// Calls of an organization in a minute that Google documents, and enforces.
pub const CALLS_PER_MINUTE: usize = 6000;
const MINUTE_MS: i64 = 60_000;

/// How a fake Apigee is made.
#[derive(Clone)]
pub struct Options {
    /// The organization's name.
    pub organization: String,
    /// What is there at the start.
    pub seed: Seed,
    /// Tells when what expires; can be moved further by [`Running::advance`](crate::running::Running::advance).
    pub clock: Clock,
    /// Makes ids, keys and tokens.
    pub rng: Rng,
    /// Decides what faults' probabilities come to.
    pub fault_seed: u64,
    /// How long a token is good.
    pub token_lifetime: Duration,
    /// How long what was deleted with its app or its developer goes on; seconds to minutes at Google, nothing by default.
    pub linger: Duration,
    /// How long the proxy remembers what it found about a key; 180 s at Google, nothing by default.
    pub cache: Duration,
    /// Calls in a minute from which on it is counted how many were too many.
    pub calls_per_minute: usize,
    /// Whether those are refused as well.
    pub throttles: bool,
    /// Where the management API and the token endpoint listen; port 0 is a free one.
    pub admin: SocketAddr,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            organization: "acme-prod".to_owned(),
            seed: Seed::Empty,
            clock: Clock::System,
            rng: Rng::System,
            fault_seed: 0,
            token_lifetime: Duration::from_secs(3600),
            linger: Duration::ZERO,
            cache: Duration::ZERO,
            calls_per_minute: CALLS_PER_MINUTE,
            throttles: false,
            admin: free,
            proxy: free,
        }
    }
}

/// One organization.
struct Apigee {
    options: Options,
    store: Store,
    tokens: Tokens,
    seen: proxy::Cache,
    rate: Rate,
}

/// The calls of the last minute, and what was too much.
#[derive(Default)]
struct Rate {
    arrivals: VecDeque<i64>,
    most: usize,
    over: u64,
}

impl Rate {
    /// Counts a call; whether it was one too many.
    fn arrives(&mut self, limit: usize, now_ms: i64) -> bool {
        while self.arrivals.front().is_some_and(|first| now_ms - first >= MINUTE_MS) {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now_ms);
        self.most = self.most.max(self.arrivals.len());
        let over = self.arrivals.len() > limit;
        self.over += u64::from(over);
        over
    }
}

impl Apigee {
    fn new(options: Options, now_ms: i64) -> Self {
        let mut store = Store::new(options.rng.clone(), options.linger);
        if options.seed == Seed::Demo {
            seed::demo(&mut store, now_ms);
        }
        Self {
            store,
            tokens: Tokens::default(),
            seen: proxy::Cache::default(),
            rate: Rate::default(),
            options,
        }
    }

    /// What stands before every path of the organization.
    fn base(&self) -> String {
        format!("/v1/organizations/{}", self.options.organization)
    }
}

impl Vendor for Apigee {
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response {
        self.store.bury(now_ms);
        if door == Door::Proxy {
            return proxy::answer(self, request, now_ms);
        }
        if request.path == token::PATH {
            return token::answer(&mut self.tokens, &self.options, request, now_ms);
        }
        let over = self.rate.arrives(self.options.calls_per_minute, now_ms);
        if over && self.options.throttles {
            return Refused::throttled().into();
        }
        admin::answer(self, request, now_ms).unwrap_or_else(Into::into)
    }

    fn place(&self, door: Door, request: &Request) -> Place {
        if door == Door::Proxy {
            return Place {
                path: request.path.clone(),
                template: "(proxy)".to_owned(),
                entity: None,
            };
        }
        let path = request.path.strip_prefix(&self.base()).unwrap_or(&request.path);
        let (template, entity) = admin::about(path, &request.method);
        Place {
            path: path.to_owned(),
            template,
            entity,
        }
    }

    fn refusal(&self, refusal: Refusal, request: &Request) -> Response {
        match refusal {
            Refusal::Unauthorized if request.path == token::PATH => {
                token::refused("invalid_grant", "Invalid JWT Signature.")
            }
            Refusal::Unauthorized => Refused::unauthenticated().into(),
            Refusal::Conflict => admin::taken_by(self, request).into(),
            Refusal::Throttled => Refused::throttled().into(),
            Refusal::Failed(status) => Refused::failed(status).into(),
        }
    }

    fn plant_foreign(&mut self, request: &Request, now_ms: i64) {
        admin::plant(self, request, now_ms);
    }

    fn mark_foreign(&mut self) {
        self.store.mark_all_foreign();
    }

    fn touched(&self) -> Vec<Touched> {
        self.store.touched()
    }

    fn secrets(&self) -> Vec<String> {
        self.store.secrets().to_vec()
    }

    fn state(&self) -> Value {
        let mut state = self.store.state(&self.options.organization);
        state["rate"] = json!({
            "perMinute": self.options.calls_per_minute, "mostInAMinute": self.rate.most, "tooMany": self.rate.over,
        });
        state["serviceAccountKey"] = token::service_account();
        state
    }

    fn reset(&mut self, now_ms: i64) {
        // A token outlives what it opened: a connection would have to be made anew otherwise.
        let tokens = std::mem::take(&mut self.tokens);
        *self = Self::new(self.options.clone(), now_ms);
        self.tokens = tokens;
    }
}
