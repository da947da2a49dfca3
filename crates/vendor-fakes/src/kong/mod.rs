//! Kong: its Admin API as 3.9.3 on PostgreSQL was recorded, and a proxy that admits by key-auth and acl.
//!
//! Invariants:
//! * Status, code, name, message and fields of a refusal are those of the recording; `tests/it/transcript.rs` replays it.
//! * A PUT answers 200 and resets what it leaves out; one without `key` makes a new key; one to a credential of another consumer moves it.
//! * Credentials and groups reach the proxy at once, services, routes and plugins after [`Options::rebuild`].
//!
//! Not modelled: other authentication plugins, consumer groups, certificates, upstreams, regular expressions in paths. Plugins other
//! than key-auth, acl and request-termination are stored and do nothing. What Konnect answers to a conflict is not public: the fake
//! answers as Kong itself.
//!
//! Read `admin.rs` first, then `store.rs`.

mod admin;
mod body;
mod check;
mod error;
mod fake;
mod info;
mod page;
mod plugins;
mod proxy;
mod schema;
mod seed;
mod store;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gatewright_types::{Clock, Rng};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::fake::Fake;
use self::schema::{Row, Table};
use self::store::{Now, Store, id_of};
use crate::faults::Door;
use crate::stage::{Place, Refusal, Touched, Vendor};
pub use crate::told::Seed;
use crate::wire::{Request, Response};

/// Which Kong it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Flavor {
    /// Open source, on a database.
    #[default]
    Oss,
    /// Enterprise: a workspace before each path (or none for the default one), and `Kong-Admin-Token`.
    Enterprise,
    /// Kong's own cloud: under `/v2/control-planes/{id}/core-entities`, a bearer token, no PATCH.
    Konnect,
    /// Open source without a database: it can only be read.
    DbLess,
}

impl Flavor {
    fn version(self) -> &'static str {
        match self {
            Self::Oss | Self::DbLess => "3.9.3",
            Self::Enterprise | Self::Konnect => "3.13.0.0",
        }
    }

    fn server(self) -> &'static str {
        match self {
            Self::Oss | Self::DbLess => "kong/3.9.3",
            Self::Enterprise | Self::Konnect => "kong/3.13.0.0-enterprise-edition",
        }
    }
}

/// How a fake Kong is made.
#[derive(Clone)]
pub struct Options {
    /// Which Kong.
    pub flavor: Flavor,
    /// What callers must show, if anything: `Kong-Admin-Token` at Enterprise, `Authorization: Bearer` at Konnect.
    pub token: Option<String>,
    /// The workspace of the Enterprise edition.
    pub workspace: String,
    /// The control plane of Konnect.
    pub control_plane: Uuid,
    /// What is there at the start.
    pub seed: Seed,
    /// Tells when what expires; can be moved further by [`Running::advance`](crate::running::Running::advance).
    pub clock: Clock,
    /// Makes ids and keys.
    pub rng: Rng,
    /// Decides what faults' probabilities come to.
    pub fault_seed: u64,
    /// How long services, routes and plugins take to reach the proxy: up to 5 s at a real node, nothing by default.
    pub rebuild: Duration,
    /// Where the Admin API listens; port 0 is a free one.
    pub admin: SocketAddr,
    /// Where the proxy listens.
    pub proxy: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            flavor: Flavor::Oss,
            token: None,
            workspace: "default".to_owned(),
            control_plane: Uuid::from_u128(0x0c0f_fee0_0000_4000_8000_0000_0000_0001),
            seed: Seed::Empty,
            clock: Clock::System,
            rng: Rng::System,
            fault_seed: 0,
            rebuild: Duration::ZERO,
            admin: free,
            proxy: free,
        }
    }
}

/// One node with its database.
struct Kong {
    options: Options,
    store: Store,
    node_id: String,
    router: proxy::Router,
}

impl Kong {
    fn new(options: Options, now_ms: i64) -> Self {
        let mut kong = Self {
            store: Store::new(options.rng.clone()),
            node_id: Uuid::from_u128(0x0c0f_fee0_0000_4000_8000_0000_0000_0002).to_string(),
            router: proxy::Router::default(),
            options,
        };
        if kong.options.seed == Seed::Demo {
            seed::demo(&mut kong.store, now_ms);
        }
        kong
    }

    fn control_plane(&self) -> String {
        self.options.control_plane.to_string()
    }

    fn lets_in(&self, request: &Request) -> bool {
        let Some(token) = &self.options.token else {
            return true;
        };
        match self.options.flavor {
            Flavor::Oss | Flavor::DbLess => true,
            Flavor::Enterprise => request.header("kong-admin-token") == Some(token),
            Flavor::Konnect => {
                request
                    .header("authorization")
                    .and_then(|value| value.strip_prefix("Bearer "))
                    == Some(token)
            }
        }
    }

    fn unauthorized(&self) -> Response {
        let body = match self.options.flavor {
            Flavor::Konnect => json!({
                "status": 401, "title": "Unauthorized", "detail": "Invalid credentials", "instance": "kong:trace:0",
            }),
            _ => json!({ "message": "Invalid credentials. Token or User credentials required" }),
        };
        Response::json(StatusCode::UNAUTHORIZED, &body)
    }
}

impl Vendor for Kong {
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response {
        match door {
            Door::Admin => admin::answer(self, request, now_ms),
            Door::Proxy => proxy::answer(self, request, now_ms),
        }
    }

    fn place(&self, door: Door, request: &Request) -> Place {
        let path = request
            .path
            .strip_prefix(&base_path(&self.options))
            .unwrap_or(&request.path);
        let (template, entity) = match (door, admin::Target::find(self, request)) {
            (Door::Proxy, _) => ("(proxy)".to_owned(), None),
            (_, Some(target)) => target.about(path),
            (_, None) => ("(unknown)".to_owned(), None),
        };
        Place {
            path: path.to_owned(),
            template,
            entity,
        }
    }

    fn refusal(&self, refusal: Refusal, request: &Request) -> Response {
        match refusal {
            Refusal::Unauthorized => self.unauthorized(),
            Refusal::Conflict => error::Refused::unique(self.taken_by(request)).into(),
            Refusal::Throttled => error::message(StatusCode::TOO_MANY_REQUESTS, "API rate limit exceeded"),
            Refusal::Failed(status) => error::message(status, "An unexpected error occurred"),
        }
    }

    fn plant_foreign(&mut self, request: &Request, now_ms: i64) {
        let Ok((given, lenient)) = body::read(request) else {
            return;
        };
        let now = Now { ms: now_ms, lenient };
        let of = |name: &str| given.get(name).filter(|value| value.is_string()).cloned();
        match admin::Target::find(self, request) {
            Some(admin::Target::Collection(Table::Consumers) | admin::Target::Entity(Table::Consumers, _)) => {
                self.plant(
                    Table::Consumers,
                    [("username", of("username")), ("custom_id", of("custom_id"))],
                    now,
                );
            }
            Some(
                admin::Target::Nested(_, _, Table::KeyAuths) | admin::Target::NestedEntity(_, _, Table::KeyAuths, _),
            ) => {
                let name = format!("foreign-{}", self.store.random_key());
                let owner = self.plant(Table::Consumers, [("username", Some(json!(name))), ("tags", None)], now);
                let owner = owner.map(|id| json!({ "id": id }));
                self.plant(Table::KeyAuths, [("consumer", owner), ("key", of("key"))], now);
            }
            _ => {}
        }
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
        let tables = Table::ALL.into_iter().map(|table| {
            let rows: Vec<_> = self.store.rows(table).cloned().map(Value::Object).collect();
            (table.path().to_owned(), Value::Array(rows))
        });
        Value::Object(tables.collect())
    }

    fn reset(&mut self, now_ms: i64) {
        *self = Self::new(self.options.clone(), now_ms);
    }
}

impl Kong {
    /// What a call would conflict about, had it been done before: the first of the values that must be unique.
    fn taken_by(&self, request: &Request) -> Row {
        let given = body::read(request).map(|(given, _)| given).unwrap_or_default();
        let (table, parent, key) = match admin::Target::find(self, request) {
            Some(admin::Target::Collection(table)) => (table, None, None),
            Some(admin::Target::Entity(table, key)) => (table, None, Some(key)),
            Some(admin::Target::Nested(of, id, table)) => (table, Some((of, id)), None),
            Some(admin::Target::NestedEntity(of, id, table, key)) => (table, Some((of, id)), Some(key)),
            _ => return Row::new(),
        };
        let value = |name: &str| match (&parent, &key) {
            (Some((of, id)), _) if of.as_field() == name => json!({ "id": id }),
            (_, Some(key)) if table.endpoint_key() == name && !check::is_uuid(key) => json!(key),
            _ => given.get(name).cloned().unwrap_or_default(),
        };
        let sets = table
            .uniques()
            .iter()
            .map(|names| names.iter().map(|name| ((*name).to_owned(), value(name))));
        let mut sets = sets.map(Iterator::collect::<Row>);
        sets.find(|values| values.values().any(|value| !value.is_null()))
            .unwrap_or_default()
    }

    /// Adds a foreign row, unless something already has one of its values.
    fn plant(&mut self, table: Table, fields: [(&str, Option<Value>); 2], now: Now) -> Option<String> {
        let given: Row = fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        let row = self.store.insert(table, given, now).ok()?;
        let id = id_of(&row)?.to_owned();
        self.store.mark_foreign(table, &id);
        Some(id)
    }
}

/// What stands before each path of the Admin API.
fn base_path(options: &Options) -> String {
    match options.flavor {
        Flavor::Oss | Flavor::DbLess => String::new(),
        Flavor::Enterprise => format!("/{}", options.workspace),
        Flavor::Konnect => format!("/v2/control-planes/{}/core-entities", options.control_plane),
    }
}
