//! What was called, how often, how fast, and how much at once.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Older calls are forgotten one by one; the counters keep counting.
pub const MAX_CALLS_KEPT: usize = 50_000;
/// The window of `perSecondMax`.
const SECOND: Duration = Duration::from_secs(1);

/// One call that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The method.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The status that was answered; absent when none was.
    pub status: Option<u16>,
}

/// Everything counted so far.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Every call.
    pub calls: u64,
    /// Calls by method and path template, as in `PUT /consumers/*`.
    pub by_template: BTreeMap<String, u64>,
    /// Answers by status; `0` counts calls without one.
    pub by_status: BTreeMap<u16, u64>,
    /// The most calls that arrived within one second.
    pub per_second_max: u64,
    /// The most calls in flight for one entity at once.
    pub concurrent_per_entity_max: u64,
    /// The entity of which that is true.
    pub most_contended: Option<String>,
    /// The most calls in flight at once.
    pub concurrent_max: u64,
    /// The most of these that change something.
    pub concurrent_changes_max: u64,
}

/// The counters and the latest calls.
#[derive(Debug, Default)]
pub struct Ledger {
    counters: Counters,
    calls: VecDeque<Call>,
    arrivals: VecDeque<Instant>,
    in_flight: BTreeMap<String, u64>,
    in_flight_all: u64,
    in_flight_changes: u64,
}

impl Ledger {
    /// A call of `template` for `entity` has arrived; whether it changes something.
    pub fn begins(&mut self, template: &str, entity: Option<&str>, changes: bool) {
        let now = Instant::now();
        while self
            .arrivals
            .front()
            .is_some_and(|first| now.duration_since(*first) >= SECOND)
        {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back(now);
        let counters = &mut self.counters;
        counters.calls += 1;
        *counters.by_template.entry(template.to_owned()).or_default() += 1;
        counters.per_second_max = counters.per_second_max.max(self.arrivals.len() as u64);
        self.in_flight_all += 1;
        counters.concurrent_max = counters.concurrent_max.max(self.in_flight_all);
        self.in_flight_changes += u64::from(changes);
        counters.concurrent_changes_max = counters.concurrent_changes_max.max(self.in_flight_changes);
        let Some(entity) = entity else {
            return;
        };
        let here = self.in_flight.entry(entity.to_owned()).or_default();
        *here += 1;
        if *here > counters.concurrent_per_entity_max {
            counters.concurrent_per_entity_max = *here;
            counters.most_contended = Some(entity.to_owned());
        }
    }

    /// A call that began has ended.
    pub fn ends(&mut self, entity: Option<&str>, changes: bool, call: Call) {
        self.in_flight_all = self.in_flight_all.saturating_sub(1);
        self.in_flight_changes = self.in_flight_changes.saturating_sub(u64::from(changes));
        if let Some(entity) = entity
            && let Some(here) = self.in_flight.get_mut(entity)
        {
            *here -= 1;
            if *here == 0 {
                self.in_flight.remove(entity);
            }
        }
        *self.counters.by_status.entry(call.status.unwrap_or(0)).or_default() += 1;
        if self.calls.len() == MAX_CALLS_KEPT {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    /// Everything counted so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The latest calls, at most [`MAX_CALLS_KEPT`], oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    /// Counts from nothing again; calls in flight stay in flight.
    pub fn reset(&mut self) {
        self.counters = Counters::default();
        self.calls.clear();
        self.arrivals.clear();
    }
}
