//! Somebody who does one thing after the other, and asks again for what was not answered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_testkit::TestTenant;
use gatewright_types::Rng;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::deeds::{Deed, Ground, Known};

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Writer {
    number: usize,
    /// How much it has asked for.
    asked: usize,
    rng: Rng,
    pub(super) known: Known,
    /// Asked for and not answered.
    pending: Option<Order>,
    /// Its last POST that was answered, and the answer's id.
    answered: Option<(Order, Value)>,
}

#[derive(Clone)]
struct Order {
    deed: Deed,
    /// Its `Idempotency-Key`, and a name for what it makes.
    name: String,
}

struct Reply {
    status: StatusCode,
    replayed: bool,
    body: Value,
}

/// Sends an order; nothing where the answer did not arrive as a whole.
async fn send(who: &TestTenant, ground: &Ground, order: &Order) -> Option<Reply> {
    let (method, path, body) = order.deed.request(ground);
    let mut request = who.request(method.clone(), &path).timeout(PATIENCE);
    if method == Method::POST {
        request = request.header("idempotency-key", &order.name);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let response = request.send().await.ok()?;
    let status = response.status();
    let replayed = response.headers().contains_key("idempotency-replayed");
    let bytes = response.bytes().await.ok()?;
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    Some(Reply { status, replayed, body })
}

impl Writer {
    pub(super) fn new(number: usize, seed: u64) -> Self {
        Self {
            number,
            asked: 0,
            rng: Rng::seeded(seed + number as u64),
            known: Known::default(),
            pending: None,
            answered: None,
        }
    }

    pub(super) const fn asked(&self) -> usize {
        self.asked
    }

    fn order(&mut self, deed: impl FnOnce(&Known, &Rng, &str) -> Deed) -> Order {
        self.asked += 1;
        let name = format!("w{}-{}", self.number, self.asked);
        let deed = deed(&self.known, &self.rng, &name);
        Order { deed, name }
    }

    /// Does one thing after the other until one is not answered.
    pub(super) async fn write(mut self, who: TestTenant, ground: Arc<Ground>) -> Self {
        loop {
            let order = self.order(Known::next);
            match send(&who, &ground, &order).await {
                // Its PostgreSQL died a moment before it: whether this was done, it cannot tell, and is asked again.
                Some(reply) if reply.status == StatusCode::SERVICE_UNAVAILABLE => {
                    self.pending = Some(order);
                    return self;
                }
                Some(reply) => self.take_in(order, &reply),
                None => {
                    self.pending = Some(order);
                    return self;
                }
            }
        }
    }

    fn take_in(&mut self, order: Order, reply: &Reply) {
        let refused = || panic!("{:?} of {}: {} {}", order.deed, order.name, reply.status, reply.body);
        if !reply.status.is_success() {
            refused();
        }
        self.known.take_in(&order.deed, &reply.body);
        if reply.body["id"].is_string() && !matches!(order.deed, Deed::RenameCustomer { .. } | Deed::MoveRoute { .. }) {
            self.answered = Some((order, reply.body["id"].clone()));
        }
    }

    /// Asks again for what was not answered; whether it had been done already.
    pub(super) async fn ask_again(mut self, who: TestTenant, ground: Arc<Ground>) -> (Self, Option<bool>) {
        if let Some((order, id)) = &self.answered {
            let again = send(&who, &ground, order).await.unwrap();
            assert!(
                again.replayed && again.status.is_success() && again.body["id"] == *id,
                "{:?}: {}",
                order.deed,
                again.body
            );
        }
        let Some(order) = self.pending.take() else {
            return (self, None);
        };
        let begun = Instant::now();
        let reply = loop {
            let reply = send(&who, &ground, &order).await.expect("it is answered");
            // What a killed program left to its database may still be under way there.
            if reply.body["code"] != "idempotency-in-flight" {
                break reply;
            }
            assert!(begun.elapsed() < PATIENCE, "{:?} is in flight for ever", order.deed);
            tokio::time::sleep(PAUSE).await;
        };
        let (method, ..) = order.deed.request(&ground);
        let gone = method == Method::DELETE && reply.status == StatusCode::NOT_FOUND;
        if gone {
            self.known.take_in(&order.deed, &Value::Null);
        } else {
            self.take_in(order, &reply);
        }
        (self, Some(gone || reply.replayed))
    }

    /// Rotates every key whose secret was in an answer that got lost.
    pub(super) async fn regain_secrets(mut self, who: TestTenant, ground: Arc<Ground>) -> Self {
        while let Some(deed) = self.known.lost_secret() {
            let order = self.order(|_, _, _| deed);
            let reply = send(&who, &ground, &order).await.unwrap();
            self.take_in(order, &reply);
        }
        self
    }
}
