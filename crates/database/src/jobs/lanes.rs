//! How many jobs of each lane a worker may begin.

use super::model::Lane;

/// Fewest places of a worker: one for each lane.
pub const CONCURRENCY_MIN: usize = Lane::ALL.len();
/// Most places of a worker.
pub const CONCURRENCY_MAX: usize = 1024;
/// Places that each lane has for itself.
const RESERVED: usize = 1;

/// A worker's places and who has them.
///
/// Every lane has one place that no other can take: so a lane is starved neither by lower ones, however long
/// theirs run, nor for ever by higher ones. The other places are given out from the highest lane down, but
/// NORMAL never has more than half of all and BULK never more than a quarter.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    concurrency: usize,
    running: [usize; Lane::ALL.len()],
}

impl Lanes {
    /// All places free.
    pub(super) fn new(concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.clamp(CONCURRENCY_MIN, CONCURRENCY_MAX),
            running: [0; Lane::ALL.len()],
        }
    }

    /// How many jobs of this lane may begin now.
    pub(super) fn free(&self, lane: Lane) -> usize {
        let all: usize = self.running.iter().sum();
        let kept_for_others: usize = Lane::ALL
            .iter()
            .filter(|other| **other != lane)
            .map(|other| RESERVED.saturating_sub(self.running[*other as usize]))
            .sum();
        let most = match lane {
            Lane::Security | Lane::Interactive => self.concurrency,
            Lane::Normal => self.concurrency / 2,
            Lane::Bulk => self.concurrency / 4,
        };
        self.concurrency
            .saturating_sub(all + kept_for_others)
            .min(most.saturating_sub(self.running[lane as usize]))
    }

    pub(super) const fn begun(&mut self, lane: Lane, jobs: usize) {
        self.running[lane as usize] += jobs;
    }

    pub(super) const fn ended(&mut self, lane: Lane) {
        self.running[lane as usize] = self.running[lane as usize].saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    /// Gives out places as a worker does, to lanes that want this many.
    fn fill(lanes: &mut Lanes, wanted: [usize; 4]) -> [usize; 4] {
        let mut got = [0; 4];
        for lane in Lane::ALL {
            let jobs = lanes.free(*lane).min(wanted[*lane as usize]);
            lanes.begun(*lane, jobs);
            got[*lane as usize] = jobs;
        }
        got
    }

    #[test]
    fn every_lane_gets_a_place_however_much_the_others_want() {
        assert_eq!(fill(&mut Lanes::new(8), [99, 99, 99, 99]), [5, 1, 1, 1]);
        assert_eq!(fill(&mut Lanes::new(8), [0, 99, 99, 99]), [0, 5, 1, 1]);
        assert_eq!(fill(&mut Lanes::new(8), [0, 0, 99, 99]), [0, 0, 4, 2]);
        assert_eq!(fill(&mut Lanes::new(1), [99, 99, 99, 99]), [1, 1, 1, 1]);
    }

    #[test]
    fn a_place_that_falls_free_goes_to_the_highest_lane() {
        let mut lanes = Lanes::new(8);
        fill(&mut lanes, [0, 0, 99, 99]);
        assert_eq!(fill(&mut lanes, [99, 0, 99, 99]), [1, 0, 0, 0]);
        lanes.ended(Lane::Normal);
        lanes.ended(Lane::Bulk);
        assert_eq!(fill(&mut lanes, [99, 0, 99, 99]), [2, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn no_more_than_the_places_are_given_and_each_lane_can_begin(
            concurrency in 4usize..64, rounds in proptest::collection::vec((0usize..4, 0usize..9, 0usize..9), 0..40)
        ) {
            let mut lanes = Lanes::new(concurrency);
            for (lane, begin, end) in rounds {
                let lane = Lane::ALL[lane];
                let jobs = lanes.free(lane).min(begin);
                lanes.begun(lane, jobs);
                prop_assert!(lanes.running.iter().sum::<usize>() <= concurrency);
                for lane in Lane::ALL {
                    prop_assert!(lanes.running[*lane as usize] > 0 || lanes.free(*lane) > 0);
                }
                for _ in 0..end { lanes.ended(lane); }
            }
        }
    }
}
