//! What writers do, and what they know to be true because it was answered.

use std::collections::BTreeMap;

use gatewright_types::Rng;
use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::text;

/// What every writer works on.
pub(super) struct Ground {
    pub(super) product: String,
    pub(super) plan: String,
    pub(super) gateway: String,
    pub(super) service: String,
    /// Where webhook endpoints are.
    pub(super) receiver: String,
}

/// Most objects of one kind that a writer has alive; webhook endpoints have a limit per tenant.
const ALIVE_MAX: usize = 12;
const ENDPOINTS_MAX: usize = 3;

/// One mutation.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    AddCustomer {
        name: String,
    },
    RenameCustomer {
        id: String,
        name: String,
    },
    Subscribe {
        customer: String,
    },
    /// `suspend`, `reactivate` or `cancel`.
    Turn {
        subscription: String,
        verb: &'static str,
    },
    AddKey {
        subscription: String,
        name: String,
    },
    Rotate {
        key: String,
        overlap: bool,
    },
    /// `suspend`, `reactivate` or `revoke`.
    TurnKey {
        key: String,
        verb: &'static str,
    },
    AddRoute {
        path: String,
    },
    MoveRoute {
        id: String,
        path: String,
    },
    DropRoute {
        id: String,
    },
    AddConsumer {
        name: String,
    },
    DropConsumer {
        id: String,
    },
    AddEndpoint {
        description: String,
    },
    SignAnew {
        endpoint: String,
    },
    DropEndpoint {
        id: String,
    },
}

#[derive(Debug)]
pub(super) struct Key {
    /// None of an API consumer's.
    subscription: Option<String>,
    status: &'static str,
    version: u64,
    /// None where only a replay answered.
    secret: Option<String>,
    /// Still valid for a while.
    previous: Option<String>,
    /// Secrets that were taken away.
    pub(super) dead: Vec<String>,
    /// Something happened to it that no judge has seen yet.
    pub(super) touched: bool,
}

/// What one writer knows.
#[derive(Debug, Default)]
pub(super) struct Known {
    customers: BTreeMap<String, String>,
    /// The state.
    subscriptions: BTreeMap<String, &'static str>,
    pub(super) keys: BTreeMap<String, Key>,
    /// The path.
    pub(super) routes: BTreeMap<String, String>,
    /// The key.
    consumers: BTreeMap<String, String>,
    endpoints: BTreeMap<String, String>,
    /// How often what was done to which object.
    pub(super) counts: BTreeMap<(String, String), i64>,
}

fn choose(rng: &Rng, below: usize) -> usize {
    usize::try_from(u64::from_le_bytes(rng.bytes()) % u64::try_from(below).unwrap()).unwrap()
}

fn one<'a>(rng: &Rng, of: impl Iterator<Item = &'a String>) -> Option<String> {
    let all: Vec<&String> = of.collect();
    (!all.is_empty()).then(|| all[choose(rng, all.len())].clone())
}

impl Known {
    /// What to do next: anything that must succeed. `name` is used nowhere else.
    pub(super) fn next(&self, rng: &Rng, name: &str) -> Deed {
        loop {
            if let Some(deed) = self.propose(rng, name) {
                return deed;
            }
        }
    }

    fn alive(&self, state: &'static str) -> impl Iterator<Item = &String> {
        let of_state = self.subscriptions.iter().filter(move |(_, is)| **is == state);
        of_state.map(|(id, _)| id)
    }

    fn keys_that_are(&self, status: &'static str) -> impl Iterator<Item = &String> {
        let of_status = self.keys.iter().filter(move |(_, key)| key.status == status);
        of_status.map(|(id, _)| id)
    }

    fn propose(&self, rng: &Rng, name: &str) -> Option<Deed> {
        let name = name.to_owned();
        let (alive, keys) = (|state| self.alive(state), |status| self.keys_that_are(status));
        Some(match choose(rng, 16) {
            0 => Deed::AddCustomer { name },
            1 => Deed::RenameCustomer {
                id: one(rng, self.customers.keys())?,
                name,
            },
            2 | 3 if alive("ACTIVE").count() < ALIVE_MAX => Deed::Subscribe {
                customer: one(rng, self.customers.keys())?,
            },
            4 => Deed::Turn {
                subscription: one(rng, alive("ACTIVE"))?,
                verb: "suspend",
            },
            5 => Deed::Turn {
                subscription: one(rng, alive("SUSPENDED"))?,
                verb: "reactivate",
            },
            6 => Deed::Turn {
                subscription: one(rng, alive("ACTIVE").chain(alive("SUSPENDED")))?,
                verb: "cancel",
            },
            7 if keys("ACTIVE").count() < 2 * ALIVE_MAX => Deed::AddKey {
                subscription: one(rng, alive("ACTIVE"))?,
                name,
            },
            8 | 9 => Deed::Rotate {
                key: one(rng, keys("ACTIVE"))?,
                overlap: choose(rng, 2) == 0,
            },
            10 => Deed::TurnKey {
                key: one(rng, keys("ACTIVE"))?,
                verb: "suspend",
            },
            11 => Deed::TurnKey {
                key: one(rng, keys("SUSPENDED"))?,
                verb: "reactivate",
            },
            12 => Deed::TurnKey {
                key: one(rng, keys("ACTIVE").chain(keys("SUSPENDED")))?,
                verb: "revoke",
            },
            13 => match choose(rng, 3) {
                0 if self.routes.len() < ALIVE_MAX => Deed::AddRoute {
                    path: format!("/{name}"),
                },
                1 => Deed::MoveRoute {
                    id: one(rng, self.routes.keys())?,
                    path: format!("/{name}"),
                },
                _ => Deed::DropRoute {
                    id: one(rng, self.routes.keys())?,
                },
            },
            14 => match choose(rng, 2) {
                0 if self.consumers.len() < ALIVE_MAX => Deed::AddConsumer { name },
                _ => Deed::DropConsumer {
                    id: one(rng, self.consumers.keys())?,
                },
            },
            15 => match choose(rng, 3) {
                0 if self.endpoints.len() < ENDPOINTS_MAX => Deed::AddEndpoint { description: name },
                1 => Deed::SignAnew {
                    endpoint: one(rng, self.endpoints.keys())?,
                },
                _ => Deed::DropEndpoint {
                    id: one(rng, self.endpoints.keys())?,
                },
            },
            _ => return None,
        })
    }

    /// Whether a gateway must admit a key's current secret: 200, or the status and the code.
    pub(super) fn verdict(&self, key: &Key) -> (u16, &'static str) {
        let state = key.subscription.as_ref().map_or("ACTIVE", |id| self.subscriptions[id]);
        match (key.status, state) {
            ("REVOKED", _) => (401, "credential-revoked"),
            ("ACTIVE", "ACTIVE") => (200, ""),
            _ => (403, "credential-suspended"),
        }
    }

    /// Every object as [`super::judge`] finds it, by id.
    pub(super) fn objects(&self) -> impl Iterator<Item = (String, String)> {
        let keys = self
            .keys
            .iter()
            .map(|(id, key)| (id, format!("{} {}", key.status, key.version)));
        let plain = [&self.customers, &self.routes, &self.endpoints];
        let plain = plain.into_iter().flatten().map(|(id, said)| (id, said.clone()));
        let subscriptions = self.subscriptions.iter().map(|(id, state)| (id, (*state).to_owned()));
        let consumers = self.consumers.keys().map(|id| (id, String::new()));
        plain
            .chain(subscriptions)
            .chain(keys)
            .chain(consumers)
            .map(|(id, said)| (id.clone(), said))
    }

    /// A key whose secret nobody has any more, because the answer with it was lost.
    pub(super) fn lost_secret(&self) -> Option<Deed> {
        let (id, _) = self
            .keys
            .iter()
            .find(|(_, key)| key.secret.is_none() && key.status == "ACTIVE")?;
        Some(Deed::Rotate {
            key: id.clone(),
            overlap: false,
        })
    }

    fn count(&mut self, action: &str, id: &str) {
        *self.counts.entry((action.to_owned(), id.to_owned())).or_default() += 1;
    }

    fn add_key(&mut self, answer: &Value, subscription: Option<String>) -> String {
        let id = text(answer, "id");
        let key = Key {
            subscription,
            status: "ACTIVE",
            version: 1,
            secret: answer["secret"].as_str().map(str::to_owned),
            previous: None,
            dead: Vec::new(),
            touched: true,
        };
        assert!(self.keys.insert(id.clone(), key).is_none(), "{id} is new");
        self.count("key.created", &id);
        id
    }

    fn turn_key(&mut self, id: &str, status: &'static str) {
        let key = self.keys.get_mut(id).unwrap();
        if key.status == "REVOKED" {
            return;
        }
        (key.status, key.touched) = (status, true);
        let action = match status {
            "REVOKED" => "key.revoked",
            "SUSPENDED" => "key.suspended",
            _ => "key.reactivated",
        };
        self.count(action, id);
    }

    /// Takes in that this was done, and what was answered.
    pub(super) fn take_in(&mut self, deed: &Deed, answer: &Value) {
        let id = || text(answer, "id");
        match deed.clone() {
            Deed::AddCustomer { name } => {
                self.count("customer.created", &id());
                self.customers.insert(id(), name);
            }
            Deed::RenameCustomer { id, name } => {
                self.customers.insert(id, name);
            }
            Deed::Subscribe { .. } => {
                self.count("subscription.created", &id());
                self.subscriptions.insert(id(), "ACTIVE");
                self.add_key(&answer["apiKey"], Some(id()));
            }
            Deed::Turn { subscription, verb } => self.turn(&subscription, verb),
            Deed::AddKey { subscription, .. } => {
                self.add_key(answer, Some(subscription));
            }
            Deed::Rotate { key, overlap } => self.rotated(&key, overlap, answer),
            Deed::TurnKey { key, verb } => self.turn_key(&key, turned(verb)),
            Deed::AddRoute { path } => {
                self.count("route.created", &id());
                self.routes.insert(id(), path);
            }
            Deed::MoveRoute { id, path } => {
                self.routes.insert(id, path);
            }
            Deed::DropRoute { id } => {
                self.routes.remove(&id);
                self.count("route.deleted", &id);
            }
            Deed::AddConsumer { .. } => {
                let key = self.add_key(&answer["apiKey"], None);
                self.count("consumer.created", &id());
                self.consumers.insert(id(), key);
            }
            Deed::DropConsumer { id } => {
                let key = self.consumers.remove(&id).unwrap();
                self.turn_key(&key, "REVOKED");
                self.count("consumer.deleted", &id);
            }
            Deed::AddEndpoint { description } => {
                self.count("webhook_endpoint.created", &id());
                self.endpoints.insert(id(), description);
            }
            Deed::SignAnew { endpoint } => self.count("webhook_endpoint.secret_rotated", &endpoint),
            Deed::DropEndpoint { id } => {
                self.endpoints.remove(&id);
                self.count("webhook_endpoint.deleted", &id);
            }
        }
    }

    fn turn(&mut self, subscription: &str, verb: &'static str) {
        let (state, action) = match verb {
            "suspend" => ("SUSPENDED", "subscription.suspended"),
            "reactivate" => ("ACTIVE", "subscription.activated"),
            _ => ("CANCELLED", "subscription.cancelled"),
        };
        self.subscriptions.insert(subscription.to_owned(), state);
        self.count(action, subscription);
        let of_it = self
            .keys
            .iter_mut()
            .filter(|(_, key)| key.subscription.as_deref() == Some(subscription));
        let ids: Vec<String> = of_it
            .map(|(id, key)| {
                key.touched = true;
                id.clone()
            })
            .collect();
        if state == "CANCELLED" {
            for id in ids {
                self.turn_key(&id, "REVOKED");
            }
        }
    }

    fn rotated(&mut self, id: &str, overlap: bool, answer: &Value) {
        let key = self.keys.get_mut(id).unwrap();
        key.version += 1;
        assert_eq!(answer["secretVersion"], key.version, "once: {answer}");
        let old = std::mem::replace(&mut key.secret, answer["secret"].as_str().map(str::to_owned));
        key.dead.extend(key.previous.take());
        if overlap {
            key.previous = old;
        } else {
            key.dead.extend(old);
        }
        key.touched = true;
        self.count("key.rotated", id);
    }
}

impl Key {
    /// The secrets that work as long as the key does.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &String> {
        self.secret.iter().chain(&self.previous)
    }
}

fn turned(verb: &str) -> &'static str {
    match verb {
        "suspend" => "SUSPENDED",
        "reactivate" => "ACTIVE",
        _ => "REVOKED",
    }
}

impl Deed {
    /// How it is asked for.
    pub(super) fn request(&self, ground: &Ground) -> (Method, String, Value) {
        let post = |path: String, body: Value| (Method::POST, path, body);
        match self {
            Self::AddCustomer { name } => post("/customers".to_owned(), json!({ "name": name })),
            Self::RenameCustomer { id, name } => (Method::PATCH, format!("/customers/{id}"), json!({ "name": name })),
            Self::Subscribe { customer } => {
                let body = json!({ "customerId": customer, "planId": ground.plan });
                post("/subscriptions".to_owned(), body)
            }
            Self::Turn { subscription, verb } => post(format!("/subscriptions/{subscription}/{verb}"), json!({})),
            Self::AddKey { subscription, name } => {
                post(format!("/subscriptions/{subscription}/keys"), json!({ "name": name }))
            }
            Self::Rotate { key, overlap } => {
                let seconds = if *overlap { 3600 } else { 0 };
                post(
                    format!("/keys/{key}/rotate"),
                    json!({ "overlapSeconds": seconds, "endOverlap": true }),
                )
            }
            Self::TurnKey { key, verb } => post(format!("/keys/{key}/{verb}"), json!({})),
            Self::AddRoute { path } => {
                let body = json!({ "serviceId": ground.service, "method": "GET", "publicPath": path, "access": "SECURE", "productId": ground.product });
                post(format!("/gateways/{}/routes", ground.gateway), body)
            }
            Self::MoveRoute { id, path } => (Method::PATCH, format!("/routes/{id}"), json!({ "publicPath": path })),
            Self::DropRoute { id } => (Method::DELETE, format!("/routes/{id}"), Value::Null),
            Self::AddConsumer { name } => post(
                format!("/gateways/{}/consumers", ground.gateway),
                json!({ "name": name }),
            ),
            Self::DropConsumer { id } => (Method::DELETE, format!("/consumers/{id}"), Value::Null),
            Self::AddEndpoint { description } => {
                let types = ["notify.webhook_endpoint.tested"];
                let body = json!({ "url": ground.receiver, "description": description, "eventTypes": types });
                post("/webhook-endpoints".to_owned(), body)
            }
            Self::SignAnew { endpoint } => post(
                format!("/webhook-endpoints/{endpoint}/rotate-secret"),
                json!({ "endOverlap": true }),
            ),
            Self::DropEndpoint { id } => (Method::DELETE, format!("/webhook-endpoints/{id}"), Value::Null),
        }
    }
}
