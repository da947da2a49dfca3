//! The circuit breaker of a connection: a state machine without I/O. Its state is a row that all workers share.
//!
//! CLOSED → OPEN after [`FAILURES_MAX`] failures in a row → nothing is sent for [`OPEN_FOR`] → HALF_OPEN, one
//! probe → CLOSED, or OPEN again. Only failures of the gateway count. What ends somebody's access is sent whatever
//! the state; while OPEN, its success is as good as a probe's, and its failure changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_types::text_enum;

/// Failures in a row that open it.
pub const FAILURES_MAX: i32 = 5;
/// How long nothing is sent.
pub const OPEN_FOR: TimeDelta = TimeDelta::seconds(300);
/// How long the probe is somebody's; who dies with it loses it then.
pub const PROBE_FOR: TimeDelta = TimeDelta::seconds(120);

text_enum! {
    /// Where a circuit breaker stands.
    pub enum BreakerState {
        /// Everything is sent.
        Closed = "CLOSED",
        /// Nothing is sent.
        Open = "OPEN",
        /// One call is tried.
        HalfOpen = "HALF_OPEN",
    }
}

/// A circuit breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Where it stands.
    pub state: BreakerState,
    /// Failures in a row.
    pub failures: i32,
    /// OPEN: nothing is sent before. HALF_OPEN: until then the probe is somebody's.
    pub retry_at: Option<DateTime<Utc>>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            state: BreakerState::Closed,
            failures: 0,
            retry_at: None,
        }
    }
}

/// Whether something may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Pass,
    /// Yes, as the one probe.
    Probe,
    /// Not before.
    Wait(DateTime<Utc>),
}

impl Breaker {
    /// Whether something that does not end access may be sent now. [`Verdict::Probe`] takes the probe.
    pub fn ask(&mut self, now: DateTime<Utc>) -> Verdict {
        match (self.state, self.retry_at) {
            (BreakerState::Closed, _) => Verdict::Pass,
            (_, Some(retry_at)) if now < retry_at => Verdict::Wait(retry_at),
            _ => {
                self.state = BreakerState::HalfOpen;
                self.retry_at = Some(now + PROBE_FOR);
                Verdict::Probe
            }
        }
    }

    /// A call succeeded.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// A call failed by the gateway's fault.
    pub fn failed(&mut self, now: DateTime<Utc>) {
        match self.state {
            BreakerState::Closed => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX {
                    self.open(now);
                }
            }
            BreakerState::HalfOpen => self.open(now),
            BreakerState::Open => {}
        }
    }

    fn open(&mut self, now: DateTime<Utc>) {
        self.state = BreakerState::Open;
        self.retry_at = Some(now + OPEN_FOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_exactly_300_seconds() {
        let mut breaker = Breaker::default();
        for second in 0..4 {
            breaker.failed(at(second));
            assert_eq!(breaker.ask(at(second)), Verdict::Pass);
        }
        breaker.failed(at(4));
        assert_eq!(breaker.ask(at(4)), Verdict::Wait(at(304)));
        assert_eq!(breaker.ask(at(303)), Verdict::Wait(at(304)));
        assert_eq!(breaker.ask(at(304)), Verdict::Probe);
    }

    #[test]
    fn a_success_in_between_begins_the_count_anew() {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            for _ in 0..4 {
                breaker.failed(at(0));
            }
            breaker.succeeded();
        }
        assert_eq!(breaker.ask(at(0)), Verdict::Pass);
    }

    #[test]
    fn there_is_one_probe_and_it_decides() {
        let mut breaker = Breaker {
            state: BreakerState::Open,
            failures: 5,
            retry_at: Some(at(0)),
        };
        assert_eq!(breaker.ask(at(0)), Verdict::Probe);
        assert_eq!(breaker.ask(at(1)), Verdict::Wait(at(120)));
        let mut closing = breaker.clone();
        closing.succeeded();
        assert_eq!(closing, Breaker::default());
        breaker.failed(at(2));
        assert_eq!(breaker.ask(at(2)), Verdict::Wait(at(302)));
    }

    #[test]
    fn a_probe_whose_owner_died_goes_to_another() {
        let mut breaker = Breaker {
            state: BreakerState::Open,
            failures: 5,
            retry_at: Some(at(0)),
        };
        assert_eq!(breaker.ask(at(0)), Verdict::Probe);
        assert_eq!(breaker.ask(at(120)), Verdict::Probe);
    }

    #[test]
    fn failures_while_open_keep_it_open_no_longer() {
        let mut breaker = Breaker {
            state: BreakerState::Open,
            failures: 5,
            retry_at: Some(at(300)),
        };
        breaker.failed(at(200));
        assert_eq!(breaker.retry_at, Some(at(300)));
    }
}
