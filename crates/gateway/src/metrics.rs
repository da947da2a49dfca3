//! What a core counts about its requests, and how others read it.
//!
//! Only the core itself writes its counters: an addition is a load and a store without a lock prefix,
//! and no cache line is shared by two cores. Whoever reads them may be an addition late.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gatewright_snapshot::Gateway;
use gatewright_types::ProblemCode;
use gatewright_types::ids::GatewayId;
use http::StatusCode;

/// Upper bounds of the buckets for durations, in microseconds; what takes longer is in one more.
pub const DURATION_BOUNDS_US: [u64; 13] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000, 30_000_000,
];
/// Most gateways that are counted each by itself; the rest together, so that what a scrape costs is bounded.
const GATEWAYS_COUNTED: usize = 1_000;
/// The name of those that are counted together, and of requests that were for no gateway. Neither is a slug.
const OTHER_GATEWAYS: &str = "(other)";
const NO_GATEWAY: &str = "(none)";

/// What a gateway process has counted since it started.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Client connections that are open.
    pub connections: u64,
    /// Client connections that were accepted.
    pub accepted: u64,
    /// Connections to services that were made.
    pub connected: u64,
    /// Spans that nobody took in time.
    pub spans_dropped: u64,
    /// By the gateway's slug; `(none)` for requests that were for no gateway.
    pub gateways: Vec<(String, GatewayFigures)>,
}

/// What was counted about one gateway's requests.
#[derive(Clone, Debug)]
pub struct GatewayFigures {
    /// Answers by the first digit of their status, from `1xx`.
    pub by_class: [u64; 5],
    /// Answers of our own, by problem.
    pub refused: Vec<(ProblemCode, u64)>,
    /// Requests by the time from the end of their head to the head of their answer: one place per bound
    /// of [`DURATION_BOUNDS_US`], and one for longer ones.
    pub durations: [u64; DURATION_BOUNDS_US.len() + 1],
    /// The sum of those times.
    pub duration: Duration,
}

/// Written by one thread, read by any.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed).wrapping_add(count), Ordering::Relaxed);
    }

    pub(crate) fn subtract(&self, count: u64) {
        self.add(count.wrapping_neg());
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One gateway's counters on one core.
struct Slot {
    by_class: [Counter; 5],
    refused: [Counter; ProblemCode::ALL.len()],
    durations: [Counter; DURATION_BOUNDS_US.len() + 1],
    duration_us: Counter,
}

impl Slot {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            by_class: Default::default(),
            refused: std::array::from_fn(|_| Counter::default()),
            durations: Default::default(),
            duration_us: Counter::default(),
        })
    }
}

/// What the reader of a core's counters holds.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) connections: Counter,
    pub(crate) accepted: Counter,
    pub(crate) connected: Counter,
    pub(crate) spans_dropped: Counter,
    slots: Mutex<Vec<(String, Arc<Slot>)>>,
}

impl Counted {
    fn add_slot(&self, name: &str) -> Arc<Slot> {
        let slot = Slot::new();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.push((name.to_owned(), Arc::clone(&slot)));
        slot
    }
}

/// One core's counters.
pub(crate) struct Metrics {
    pub(crate) counted: Arc<Counted>,
    by_gateway: RefCell<HashMap<GatewayId, Arc<Slot>>>,
    none: Arc<Slot>,
    others: RefCell<Option<Arc<Slot>>>,
    /// The gateway of the last request, which is often that of the next.
    latest: RefCell<Option<(GatewayId, Arc<Slot>)>>,
}

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new(counted: Arc<Counted>) -> Self {
        Self {
            by_gateway: RefCell::default(),
            none: counted.add_slot(NO_GATEWAY),
            others: RefCell::default(),
            latest: RefCell::default(),
            counted,
        }
    }

    /// Counts an answer. `refused` says that it is our own.
    pub(crate) fn answered(
        &self,
        gateway: Option<&Gateway>,
        status: StatusCode,
        refused: Option<ProblemCode>,
        took: Duration,
    ) {
        let Some(gateway) = gateway else {
            return count(&self.none, status, refused, took);
        };
        if let Some((id, slot)) = &*self.latest.borrow()
            && *id == gateway.id
        {
            return count(slot, status, refused, took);
        }
        let slot = self.slot(gateway);
        count(&slot, status, refused, took);
        *self.latest.borrow_mut() = Some((gateway.id, slot));
    }

    fn slot(&self, gateway: &Gateway) -> Arc<Slot> {
        let mut by_gateway = self.by_gateway.borrow_mut();
        if let Some(slot) = by_gateway.get(&gateway.id) {
            return Arc::clone(slot);
        }
        if by_gateway.len() >= GATEWAYS_COUNTED {
            let mut others = self.others.borrow_mut();
            return Arc::clone(others.get_or_insert_with(|| self.counted.add_slot(OTHER_GATEWAYS)));
        }
        let slot = self.counted.add_slot(gateway.slug.as_str());
        by_gateway.insert(gateway.id, Arc::clone(&slot));
        slot
    }
}

fn count(slot: &Slot, status: StatusCode, refused: Option<ProblemCode>, took: Duration) {
    let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
    slot.by_class[class].add(1);
    if let Some(code) = refused {
        slot.refused[code as usize].add(1);
    }
    let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let within = DURATION_BOUNDS_US.iter().position(|bound| took_us <= *bound);
    slot.durations[within.unwrap_or(DURATION_BOUNDS_US.len())].add(1);
    slot.duration_us.add(took_us);
}

/// Adds up what the cores have counted.
pub(crate) fn sum<'a>(cores: impl Iterator<Item = &'a Counted>) -> Figures {
    let mut figures = Figures::default();
    let mut by_name: HashMap<String, GatewayFigures> = HashMap::new();
    for core in cores {
        figures.connections += core.connections.get();
        figures.accepted += core.accepted.get();
        figures.connected += core.connected.get();
        figures.spans_dropped += core.spans_dropped.get();
        let slots = core.slots.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, slot) in slots.iter() {
            by_name
                .entry(name.clone())
                .or_insert_with(GatewayFigures::zero)
                .add(slot);
        }
    }
    figures.gateways = by_name.into_iter().collect();
    figures.gateways.sort_by(|one, other| one.0.cmp(&other.0));
    figures
}

impl GatewayFigures {
    fn zero() -> Self {
        Self {
            by_class: Default::default(),
            refused: ProblemCode::ALL.iter().map(|code| (*code, 0)).collect(),
            durations: Default::default(),
            duration: Duration::ZERO,
        }
    }

    fn add(&mut self, slot: &Slot) {
        let add_all = |sums: &mut [u64], counters: &[Counter]| {
            for (sum, counter) in sums.iter_mut().zip(counters) {
                *sum += counter.get();
            }
        };
        add_all(&mut self.by_class, &slot.by_class);
        add_all(&mut self.durations, &slot.durations);
        for ((_, sum), counter) in self.refused.iter_mut().zip(&slot.refused) {
            *sum += counter.get();
        }
        self.duration += Duration::from_micros(slot.duration_us.get());
    }
}
