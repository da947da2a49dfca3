//! The fakes' own API, for tests and demonstrations: `/__control`.
//!
//! | call | does |
//! |---|---|
//! | `GET /__control` | the vendors, their addresses, and what a connection to each is told |
//! | `GET`, `POST /__control/{vendor}/faults`, `DELETE …/faults[/{id}]` | what goes wrong |
//! | `GET …/report` | counters, and foreign objects that did not stay as they were |
//! | `GET …/calls`, `…/secrets`, `…/state` | the latest calls, every secret ever stored, all that is stored |
//! | `POST …/clock` `{"advanceMs":…}` | moves the vendor's time forward |
//! | `POST …/listener` `{"name":"admin","up":false}` | refuses connections, or takes them again at the same port |
//! | `POST …/foreign` | calls everything that is there now somebody else's |
//! | `POST …/reset` | as at the start |

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Rule;
use crate::server::{Listening, Outcome};
use crate::stage::Stage;
use crate::told::Told;
use crate::wire::{Request, Response};

/// A vendor that can be told what to do.
#[derive(Clone)]
pub struct Controlled {
    /// What it does.
    pub stage: Arc<Stage>,
    /// What a connection to it is told.
    pub base: String,
    /// Its listeners by name.
    pub listeners: [(&'static str, Arc<Listening>); 2],
    /// How it is connected and asked.
    pub told: Told,
}

/// Every vendor of one process, by name.
#[derive(Clone, Default)]
pub struct Controls {
    vendors: Arc<Mutex<BTreeMap<&'static str, Controlled>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockOrder {
    advance_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListenerOrder {
    name: String,
    up: bool,
}

impl Controls {
    /// Adds a vendor.
    pub fn add(&self, name: &'static str, vendor: Controlled) {
        self.vendors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, vendor);
    }

    /// Listens for orders. Fails when the address cannot be bound.
    pub async fn start(&self, addr: SocketAddr) -> io::Result<Listening> {
        let controls = self.clone();
        let handler = move |request: Request| {
            let controls = controls.clone();
            let answer = async move { Outcome::Answer(controls.answer(&request).await) };
            Box::pin(answer) as std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>
        };
        Listening::start(addr, Arc::new(handler)).await
    }

    /// Every vendor's addresses, as JSON.
    pub fn addresses(&self) -> Value {
        let vendors = self.vendors.lock().unwrap_or_else(PoisonError::into_inner);
        let one = |vendor: &Controlled| {
            let mut addresses = json!({ "base": vendor.base, "connection": vendor.told });
            for (name, listener) in &vendor.listeners {
                addresses[*name] = json!(format!("http://{}", listener.addr()));
            }
            addresses
        };
        Value::Object(
            vendors
                .iter()
                .map(|(name, vendor)| ((*name).to_owned(), one(vendor)))
                .collect(),
        )
    }

    async fn answer(&self, request: &Request) -> Response {
        let segments = request.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (name, rest) = match segments.as_slice() {
            ["__control"] if request.method == "GET" => return ok(&self.addresses()),
            ["__control", name, rest @ ..] => (*name, rest),
            _ => return wrong(StatusCode::NOT_FOUND, "no such control call"),
        };
        let vendor = self
            .vendors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned();
        match vendor {
            Some(vendor) => order(&vendor, request, rest).await,
            None => wrong(StatusCode::NOT_FOUND, "no such vendor"),
        }
    }
}

async fn order(vendor: &Controlled, request: &Request, rest: &[&str]) -> Response {
    let stage = &vendor.stage;
    match (request.method.as_str(), rest) {
        ("GET", ["faults"]) => ok(&json!({ "data": stage.faults().list() })),
        ("POST", ["faults"]) => match body::<Rule>(request).and_then(|rule| stage.faults().add(rule)) {
            Ok(id) => Response::json(StatusCode::CREATED, &json!({ "id": id })),
            Err(why) => wrong(StatusCode::BAD_REQUEST, &why),
        },
        ("DELETE", ["faults"]) => {
            stage.faults().clear();
            Response::empty(StatusCode::NO_CONTENT)
        }
        ("DELETE", ["faults", id]) => match id.parse().is_ok_and(|id| stage.faults().remove(id)) {
            true => Response::empty(StatusCode::NO_CONTENT),
            false => wrong(StatusCode::NOT_FOUND, "no such fault"),
        },
        ("GET", ["report"]) => {
            let touched = stage.vendor().touched();
            ok(&json!({ "counters": stage.ledger().counters(), "foreignTouched": touched }))
        }
        ("GET", ["calls"]) => ok(&json!({ "data": stage.ledger().calls().collect::<Vec<_>>() })),
        ("GET", ["secrets"]) => ok(&json!({ "data": stage.vendor().secrets() })),
        ("GET", ["state"]) => ok(&stage.vendor().state()),
        ("POST", ["clock"]) => match body::<ClockOrder>(request) {
            Ok(order) => {
                stage.advance(Duration::from_millis(order.advance_ms));
                ok(&json!({ "nowMs": stage.now_ms() }))
            }
            Err(why) => wrong(StatusCode::BAD_REQUEST, &why),
        },
        ("POST", ["listener"]) => match body::<ListenerOrder>(request) {
            Ok(order) => listener(vendor, &order).await,
            Err(why) => wrong(StatusCode::BAD_REQUEST, &why),
        },
        ("POST", ["foreign"]) => {
            stage.vendor().mark_foreign();
            Response::empty(StatusCode::NO_CONTENT)
        }
        ("POST", ["reset"]) => {
            stage.reset();
            Response::empty(StatusCode::NO_CONTENT)
        }
        _ => wrong(StatusCode::NOT_FOUND, "no such control call"),
    }
}

async fn listener(vendor: &Controlled, order: &ListenerOrder) -> Response {
    let Some((_, listener)) = vendor.listeners.iter().find(|(name, _)| *name == order.name) else {
        return wrong(StatusCode::NOT_FOUND, "no such listener");
    };
    if !order.up {
        listener.down().await;
    } else if let Err(error) = listener.up().await {
        return wrong(
            StatusCode::CONFLICT,
            &format!("the port cannot be bound again: {error}"),
        );
    }
    Response::empty(StatusCode::NO_CONTENT)
}

fn body<T: for<'a> Deserialize<'a>>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

fn ok(body: &Value) -> Response {
    Response::json(StatusCode::OK, body)
}

fn wrong(status: StatusCode, why: &str) -> Response {
    Response::json(status, &json!({ "detail": why }))
}
