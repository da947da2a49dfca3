//! MuleSoft Anypoint: Access Management's tokens, Exchange's client applications, API Manager's instances, tiers, policies and
//! contracts; and a gateway that admits by client-id-enforcement.
//!
//! Invariants:
//! * Shapes are those of Anypoint's own descriptions of Exchange and API Manager, which `tests/it/prism_mulesoft.rs` holds them
//!   to, and those that PyPI's anypoint-sdk reads.
//! * A connected app without a scope sees empty lists with 200, and is refused with 403 where it names an object or writes.
//! * One contract per application and API instance; it has to be revoked before it can be deleted.
//!
//! Assumed, because nothing public says it: the words and statuses of duplicates (409), of the ceiling of applications (400), of an
//! application that is deleted with approved contracts (409), and that a search also looks into descriptions.
//!
//! Not modelled: API groups, terms and conditions, owners other than the connected app, analytics.
//!
//! Read `admin.rs` first, then `store.rs`.

mod accounts;
mod admin;
mod applications;
mod contracts;
mod error;
mod fake;
mod proxy;
mod seed;
mod shapes;
mod store;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::fake::Fake;
use self::store::Store;
use crate::faults::Door;
use crate::stage::{Place, Refusal, Touched, Vendor};
pub use crate::told::Seed;
use crate::wire::{Request, Response};

/// Who keeps the clients of the organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientProvider {
    /// Anypoint itself: an application can be made with a pair of the caller's.
    #[default]
    Anypoint,
    /// An OpenID Connect provider: it makes every pair itself.
    Oidc,
}

/// What the connected app may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scopes {
    /// View Client Applications.
    pub view_applications: bool,
    /// Manage Client Applications.
    pub manage_applications: bool,
    /// View Contracts.
    pub view_contracts: bool,
    /// Manage Contracts.
    pub manage_contracts: bool,
    /// View APIs Configuration, and View Policies.
    pub view_apis: bool,
}

impl Default for Scopes {
    fn default() -> Self {
        Self {
            view_applications: true,
            manage_applications: true,
            view_contracts: true,
            manage_contracts: true,
            view_apis: true,
        }
    }
}

/// A rate of calls, counted in fixed windows. Anypoint tells nobody its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many calls.
    pub calls: u32,
    /// In so long.
    pub window: Duration,
    /// What is answered beyond: 429, 500 or 503; absent, they are only counted.
    pub answers: Option<u16>,
}

/// How a fake Anypoint is made.
#[derive(Clone)]
pub struct Options {
    /// The connected app's id.
    pub client_id: String,
    /// The connected app's secret.
    pub client_secret: String,
    /// The root organization.
    pub root_organization: Uuid,
    /// The business group with the APIs.
    pub organization: Uuid,
    /// The environment with the APIs.
    pub environment: Uuid,
    /// Who keeps the clients.
    pub client_provider: ClientProvider,
    /// What the connected app may do.
    pub scopes: Scopes,
    /// How long a token lasts.
    pub token_lifetime: Duration,
    /// Most applications that one connected app may have made.
    pub applications_max: usize,
    /// The rate of calls.
    pub limit: Option<Limit>,
    /// How often the gateway asks for contracts: 15 s at a Flex Gateway, always by default.
    pub polls_every: Duration,
    /// What is there at the start.
    pub seed: Seed,
    /// Tells when a token ends; can be moved further by [`crate::running::Running::advance`].
    pub clock: Clock,
    /// Makes tokens and pairs.
    pub rng: Rng,
    /// Decides what faults' probabilities come to.
    pub fault_seed: u64,
    /// Where the platform's API listens; port 0 is a free one.
    pub admin: SocketAddr,
    /// Where the gateway listens.
    pub proxy: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            client_id: "c0ffee00000040008000000000000001".to_owned(),
            client_secret: "connected-app-secret".to_owned(),
            root_organization: Uuid::from_u128(0x0a00_0000_0000_4000_8000_0000_0000_0001),
            organization: Uuid::from_u128(0x0a00_0000_0000_4000_8000_0000_0000_0002),
            environment: Uuid::from_u128(0x0e00_0000_0000_4000_8000_0000_0000_0001),
            client_provider: ClientProvider::Anypoint,
            scopes: Scopes::default(),
            token_lifetime: Duration::from_secs(3600),
            applications_max: 500,
            limit: None,
            polls_every: Duration::ZERO,
            seed: Seed::Empty,
            clock: Clock::System,
            rng: Rng::System,
            fault_seed: 0,
            admin: free,
            proxy: free,
        }
    }
}

/// The platform with one gateway.
struct MuleSoft {
    options: Options,
    store: Store,
    /// What the gateway heard of at its last poll, and when that was.
    polled: Option<(i64, proxy::Admitted)>,
    window: Window,
    /// Addresses in which a secret stood, where everybody on the way writes it down.
    leaks: Vec<String>,
}

/// Shorter texts stand in an address by chance.
const SECRET_MIN_LETTERS: usize = 16;

/// Calls of the present window of the rate, and how far it was ever exceeded.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Window {
    #[serde(skip)]
    begun_ms: i64,
    calls: u32,
    most_calls: u32,
    exceeded: u32,
}

impl MuleSoft {
    fn new(options: Options) -> Self {
        let mut store = Store::new(options.rng.clone());
        if options.seed == Seed::Demo {
            seed::demo(&mut store);
        }
        Self {
            options,
            store,
            polled: None,
            window: Window::default(),
            leaks: Vec::new(),
        }
    }

    fn look_for_leaks(&mut self, request: &Request) {
        let address = format!("{}?{}", request.path, request.query.as_deref().unwrap_or_default());
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.~".contains(letter);
        let mut words = address
            .split(|letter| !plain(letter))
            .filter(|word| word.len() >= SECRET_MIN_LETTERS);
        if words.any(|word| self.store.secrets.iter().any(|secret| secret == word)) {
            self.leaks.push(address);
        }
    }

    /// Counts a call; the answer, where there were too many.
    fn throttle(&mut self, now_ms: i64) -> Option<Response> {
        let limit = self.options.limit?;
        let window_ms = i64::try_from(limit.window.as_millis()).unwrap_or(i64::MAX);
        if now_ms - self.window.begun_ms >= window_ms {
            self.window.begun_ms = now_ms;
            self.window.calls = 0;
        }
        self.window.calls += 1;
        self.window.most_calls = self.window.most_calls.max(self.window.calls);
        if self.window.calls <= limit.calls {
            return None;
        }
        self.window.exceeded += 1;
        let status = StatusCode::from_u16(limit.answers?).unwrap_or(StatusCode::TOO_MANY_REQUESTS);
        let reset = (self.window.begun_ms + window_ms).div_euclid(1000) + 1;
        Some(error::refused(status, "Rate limit exceeded").with("x-ratelimit-reset", &reset.to_string()))
    }
}

impl Vendor for MuleSoft {
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response {
        match door {
            Door::Admin => {
                self.look_for_leaks(request);
                self.throttle(now_ms)
                    .unwrap_or_else(|| admin::answer(self, request, now_ms))
            }
            Door::Proxy => proxy::answer(self, request, now_ms),
        }
    }

    fn place(&self, door: Door, request: &Request) -> Place {
        let (template, entity) = match door {
            Door::Proxy => ("(proxy)".to_owned(), None),
            Door::Admin => admin::about(&request.segments()),
        };
        Place {
            path: request.path.clone(),
            template,
            entity,
        }
    }

    fn refusal(&self, refusal: Refusal, _: &Request) -> Response {
        let (status, message) = match refusal {
            Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Refusal::Conflict => (StatusCode::CONFLICT, "Resource already exists"),
            Refusal::Throttled => (StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded"),
            Refusal::Failed(status) => (status, "An unexpected error occurred"),
        };
        error::refused(status, message)
    }

    fn plant_foreign(&mut self, request: &Request, _: i64) {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["exchange", "api", _, "organizations", _, "applications"] = segments[..] else {
            return;
        };
        let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(name) = given["name"].as_str() {
            self.store.plant(name);
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
        json!({
            "apis": self.store.apis,
            "applications": self.store.applications.values().collect::<Vec<_>>(),
            "contracts": self.store.contracts.values().collect::<Vec<_>>(),
            "rate": self.window,
            "leaks": self.leaks,
        })
    }

    fn reset(&mut self, _: i64) {
        *self = Self::new(self.options.clone());
    }
}
