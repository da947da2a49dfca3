//! The documented rates of the management API, counted, and kept to where the options say so.
//!
//! Per account and region, none of them can be raised: `CreateApiKey` and `DeleteApiKey` 5 in a second, `UpdateUsagePlan`
//! 1 in 20 seconds, all calls 10 in a second with bursts of 40.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

/// A call of all, beside those that are counted by name.
const ALL: &str = "*";
const SECOND_MS: i64 = 1000;
const ALL_PER_SECOND: i64 = 10;
const ALL_BURST: i64 = 40;

const fn rate(operation: &str) -> Option<(usize, i64)> {
    match operation.as_bytes() {
        b"CreateApiKey" | b"DeleteApiKey" => Some((5, SECOND_MS)),
        b"UpdateUsagePlan" => Some((1, 20 * SECOND_MS)),
        _ => None,
    }
}

#[derive(Default)]
struct Line {
    calls: u64,
    /// Calls that came too fast.
    over: u64,
    /// The most within the rate's time.
    most: usize,
    arrivals: VecDeque<i64>,
}

/// How fast what was called.
pub(super) struct Throttle {
    lines: BTreeMap<&'static str, Line>,
    all: Line,
    /// What is left of the burst, in thousandths of a call, and since when.
    bucket: (i64, i64),
}

impl Throttle {
    pub(super) fn new(now_ms: i64) -> Self {
        Self {
            lines: BTreeMap::new(),
            all: Line::default(),
            bucket: (ALL_BURST * 1000, now_ms),
        }
    }

    /// Counts a call; whether it came in time.
    pub(super) fn admits(&mut self, operation: &'static str, now_ms: i64) -> bool {
        let fits = self.fits_all(now_ms);
        count(&mut self.all, usize::MAX, SECOND_MS, now_ms, !fits);
        let line = self.lines.entry(operation).or_default();
        let own = match rate(operation) {
            Some((most, within_ms)) => count(line, most, within_ms, now_ms, false),
            None => count(line, usize::MAX, SECOND_MS, now_ms, false),
        };
        fits && own
    }

    fn fits_all(&mut self, now_ms: i64) -> bool {
        let (left, since) = self.bucket;
        let left = (left + (now_ms - since).max(0) * ALL_PER_SECOND).min(ALL_BURST * 1000);
        let fits = left >= 1000;
        self.bucket = (if fits { left - 1000 } else { left }, now_ms);
        fits
    }

    pub(super) fn told(&self) -> Value {
        let tell = |line: &Line| json!({ "calls": line.calls, "over": line.over, "most": line.most });
        let mut told: BTreeMap<&str, Value> = self.lines.iter().map(|(name, line)| (*name, tell(line))).collect();
        told.insert(ALL, tell(&self.all));
        json!(told)
    }
}

fn count(line: &mut Line, most: usize, within_ms: i64, now_ms: i64, late: bool) -> bool {
    while line.arrivals.front().is_some_and(|at| now_ms - at >= within_ms) {
        line.arrivals.pop_front();
    }
    line.arrivals.push_back(now_ms);
    line.calls += 1;
    line.most = line.most.max(line.arrivals.len());
    let over = late || line.arrivals.len() > most;
    line.over += u64::from(over);
    !over
}
