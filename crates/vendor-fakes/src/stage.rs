//! A request's way: counted, perhaps hit by a fault, decided by the vendor, answered.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatewright_types::clock::Clock;
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::faults::{Door, Fault, Faults, Plan};
use crate::ledger::{Call, Ledger};
use crate::server::Outcome;
use crate::wire::{Request, Response};

/// A refusal that every vendor words in its own way.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    /// 401.
    Unauthorized,
    /// 409.
    Conflict,
    /// 429.
    Throttled,
    /// 5xx.
    Failed(StatusCode),
}

/// What a call is about.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path below the base that a connection is told; rules of faults are held against it.
    pub path: String,
    /// The path without anything particular, as in `/consumers/*`.
    pub template: String,
    /// Calls with the same one touch the same thing; a list is none.
    pub entity: Option<String>,
}

/// A foreign object that did not stay as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Touched {
    /// The vendor's word for its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What was done to it.
    pub how: Touch,
}

/// What was done to a foreign object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Touch {
    /// It is there and differs.
    Changed,
    /// It is gone.
    Gone,
    /// Something that is not foreign hangs on it now.
    AddedTo,
}

/// One vendor's servers, in memory.
pub trait Vendor: Send {
    /// Decides one request, in one step.
    fn answer(&mut self, door: Door, request: &Request, now_ms: i64) -> Response;
    /// What the call is about.
    fn place(&self, door: Door, request: &Request) -> Place;
    /// A refusal of this request in the vendor's words.
    fn refusal(&self, refusal: Refusal, request: &Request) -> Response;
    /// Lets somebody else take what this request is about to take.
    fn plant_foreign(&mut self, request: &Request, now_ms: i64);
    /// Calls everything that is there now somebody else's.
    fn mark_foreign(&mut self);
    /// Foreign objects that did not stay as they were.
    fn touched(&self) -> Vec<Touched>;
    /// Every secret that was ever stored, in the order of arrival.
    fn secrets(&self) -> Vec<String>;
    /// All that is stored.
    fn state(&self) -> Value;
    /// As at the start.
    fn reset(&mut self, now_ms: i64);
}

/// A vendor with everything around it.
pub struct Stage {
    vendor: Mutex<Box<dyn Vendor>>,
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger>,
    clock: Clock,
    ahead_ms: AtomicI64,
}

impl Stage {
    /// Around this vendor, with this clock; `fault_seed` decides what probabilities come to.
    pub fn new(vendor: Box<dyn Vendor>, clock: Clock, fault_seed: u64) -> Self {
        Self {
            vendor: Mutex::new(vendor),
            faults: Mutex::new(Faults::new(fault_seed)),
            ledger: Mutex::default(),
            clock,
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// The vendor. Never keep it across an `.await`.
    pub fn vendor(&self) -> MutexGuard<'_, Box<dyn Vendor>> {
        self.vendor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules of what goes wrong.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vendor's time, in milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms() + self.ahead_ms.load(Ordering::Acquire)
    }

    /// Moves the vendor's time forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(by, Ordering::AcqRel);
    }

    /// As at the start: state, faults, counters, time.
    pub fn reset(&self) {
        self.ahead_ms.store(0, Ordering::Release);
        self.vendor().reset(self.now_ms());
        self.faults().clear();
        self.ledger().reset();
    }

    /// One request, from its arrival to what becomes of it.
    pub async fn serve(&self, door: Door, request: Request) -> Outcome {
        let place = self.vendor().place(door, &request);
        let plan = self.faults().plan(door, &request.method, &place.path);
        let changes = door == Door::Admin && !request.method.is_safe();
        let mut flight = Flight::begin(self, &request, place, changes);
        if plan.slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(plan.slow_ms)).await;
        }
        let outcome = self.decide(door, &request, plan);
        flight.status = match &outcome {
            Outcome::Answer(answer) | Outcome::Truncated(answer) => Some(answer.status.as_u16()),
            Outcome::Drop | Outcome::BlackHole => None,
        };
        outcome
    }

    fn decide(&self, door: Door, request: &Request, plan: Plan) -> Outcome {
        let now_ms = self.now_ms();
        let mut vendor = self.vendor();
        let Some(fault) = plan.fault else {
            return Outcome::Answer(vendor.answer(door, request, now_ms));
        };
        let failed = |status| Refusal::Failed(StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE));
        match fault {
            Fault::DropBefore => Outcome::Drop,
            Fault::BlackHole => Outcome::BlackHole,
            Fault::DropAfter => {
                vendor.answer(door, request, now_ms);
                Outcome::Drop
            }
            Fault::Throttled { retry_after_seconds } => {
                let refusal = vendor.refusal(Refusal::Throttled, request);
                Outcome::Answer(match retry_after_seconds {
                    Some(seconds) => refusal.with("retry-after", &seconds.to_string()),
                    None => refusal,
                })
            }
            Fault::Fails { status } => Outcome::Answer(vendor.refusal(failed(status), request)),
            Fault::FailsAfter { status } => {
                vendor.answer(door, request, now_ms);
                Outcome::Answer(vendor.refusal(failed(status), request))
            }
            Fault::Unauthorized => Outcome::Answer(vendor.refusal(Refusal::Unauthorized, request)),
            Fault::ConflictOurs => {
                vendor.answer(door, request, now_ms);
                Outcome::Answer(vendor.refusal(Refusal::Conflict, request))
            }
            Fault::ConflictForeign => {
                vendor.plant_foreign(request, now_ms);
                Outcome::Answer(vendor.answer(door, request, now_ms))
            }
            Fault::Truncated => Outcome::Truncated(vendor.answer(door, request, now_ms)),
            Fault::WrongContentType => {
                let status = vendor.answer(door, request, now_ms).status;
                let page = "<html><body><h1>An intermediary's page</h1></body></html>".to_owned();
                Outcome::Answer(Response::text(status, "text/html; charset=UTF-8", page))
            }
            // `plan` has it in `slow_ms`.
            Fault::Slow { .. } => Outcome::Answer(vendor.answer(door, request, now_ms)),
        }
    }
}

/// A call between its arrival and its end, also when its caller gives up meanwhile.
struct Flight<'a> {
    stage: &'a Stage,
    entity: Option<String>,
    changes: bool,
    method: String,
    path: String,
    status: Option<u16>,
}

impl<'a> Flight<'a> {
    fn begin(stage: &'a Stage, request: &Request, place: Place, changes: bool) -> Self {
        let template = format!("{} {}", request.method, place.template);
        stage.ledger().begins(&template, place.entity.as_deref(), changes);
        Self {
            stage,
            entity: place.entity,
            changes,
            method: request.method.to_string(),
            path: request.path.clone(),
            status: None,
        }
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let call = Call {
            method: std::mem::take(&mut self.method),
            path: std::mem::take(&mut self.path),
            status: self.status,
        };
        self.stage.ledger().ends(self.entity.as_deref(), self.changes, call);
    }
}
