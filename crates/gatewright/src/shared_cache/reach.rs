//! From which news on this node knows every change that came later.
//!
//! A record in Redis may be older than a change that this node has acknowledged: Redis was away when the
//! change was to be written, or somebody put an old record back. No clock helps against that, but numbers do.
//! A record is true after the news up to its *position*, and a core keeps what it was told for
//! [`TOMBSTONE_MS`]. So a position is within reach when every piece of news after it was taken in lately:
//! whatever the record does not know, a tombstone does.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gatewright_snapshot::access_change::{CREDENTIAL_VALID_MS, TOMBSTONE_MS};

/// How far back positions are within reach: longer than any record is valid, or old news would cost hits;
/// shorter than tombstones live, less the time that a look-up takes.
const LOOK_BACK: Duration = Duration::from_millis(TOMBSTONE_MS.unsigned_abs() - 20_000);
const _: () = assert!(LOOK_BACK.as_millis() > CREDENTIAL_VALID_MS.unsigned_abs() as u128);
/// How exactly that is known: positions of so much time are taken for one, the last.
const STEP: Duration = Duration::from_secs(5);

/// Where this node was, and since when. At most one per [`STEP`] of [`LOOK_BACK`], and one before.
#[derive(Default)]
pub(super) struct Reach {
    marks: Mutex<VecDeque<Mark>>,
}

struct Mark {
    since: Instant,
    position: u64,
}

impl Reach {
    /// Nothing before this position is known, and everything after it will be taken in.
    pub(super) fn begin(&self, position: u64, now: Instant) {
        let mut marks = self.marks();
        marks.clear();
        marks.push_back(Mark { since: now, position });
    }

    /// Every core has taken in the news up to this position.
    pub(super) fn advance(&self, position: u64, now: Instant) {
        let mut marks = self.marks();
        match marks.back_mut() {
            // Nothing has begun.
            None => {}
            // Earlier than it was: that makes the reach shorter, never longer.
            Some(last) if now.duration_since(last.since) < STEP => last.position = last.position.max(position),
            Some(_) => {
                marks.push_back(Mark { since: now, position });
                prune(&mut marks, now);
            }
        }
    }

    /// The least position within reach; none when no news are followed.
    pub(super) fn least(&self, now: Instant) -> Option<u64> {
        let mut marks = self.marks();
        prune(&mut marks, now);
        marks.front().map(|mark| mark.position)
    }

    fn marks(&self) -> MutexGuard<'_, VecDeque<Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Only the last of the marks that are older than needed says anything.
fn prune(marks: &mut VecDeque<Mark>, now: Instant) {
    while marks
        .get(1)
        .is_some_and(|second| now.duration_since(second.since) >= LOOK_BACK)
    {
        marks.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_came_before_the_beginning_is_never_within_reach() {
        let (reach, now) = (Reach::default(), Instant::now());
        assert_eq!(reach.least(now), None);
        reach.advance(3, now);
        assert_eq!(reach.least(now), None, "nothing has begun");
        reach.begin(5, now);
        assert_eq!(reach.least(now), Some(5));
        reach.begin(2, now + LOOK_BACK);
        assert_eq!(
            reach.least(now + LOOK_BACK),
            Some(2),
            "after a restore numbers are lower"
        );
    }

    proptest! {
        /// Whatever is within reach: all later news were taken in so lately that tombstones stand.
        #[test]
        fn news_after_the_least_position_are_younger_than_tombstones(
            steps in prop::collection::vec((0_u64..20_000, 1_u64..4), 1..200),
            asked_after_ms in 0_u64..90_000,
        ) {
            let (reach, start) = (Reach::default(), Instant::now());
            reach.begin(10, start);
            let (mut now, mut position) = (start, 10);
            let mut taken_in = Vec::new();
            for (pause_ms, count) in steps {
                now += Duration::from_millis(pause_ms);
                for _ in 0..count {
                    position += 1;
                    taken_in.push((position, now));
                    reach.advance(position, now);
                }
                prop_assert!(reach.marks().len() <= 10);
            }
            now += Duration::from_millis(asked_after_ms);
            let least = reach.least(now).unwrap();
            prop_assert!(least <= position);
            for (seq, at) in taken_in {
                prop_assert!(seq <= least || now.duration_since(at) < LOOK_BACK + STEP);
            }
        }
    }
}
