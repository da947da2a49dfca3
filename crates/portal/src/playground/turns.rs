//! How many calls are under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gatewright_types::ids::DeveloperId;

/// Counts them, of the process and of each developer.
#[derive(Clone)]
pub(super) struct Turns {
    under_way: Arc<Mutex<UnderWay>>,
    max: usize,
    max_of_developer: usize,
}

#[derive(Default)]
struct UnderWay {
    all: usize,
    of: HashMap<DeveloperId, usize>,
}

/// The right to make one call, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    of: DeveloperId,
}

impl Turns {
    pub(super) fn new(max: usize, max_of_developer: usize) -> Self {
        Self {
            under_way: Arc::default(),
            max,
            max_of_developer,
        }
    }

    /// None: there are as many as there may be. Nobody waits: a person would rather know.
    pub(super) fn take(&self, of: DeveloperId) -> Option<Turn> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let own = under_way.of.get(&of).copied().unwrap_or_default();
        if under_way.all >= self.max || own >= self.max_of_developer {
            return None;
        }
        under_way.all += 1;
        under_way.of.insert(of, own + 1);
        Some(Turn {
            turns: self.clone(),
            of,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.turns.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.all -= 1;
        if let Some(own) = under_way.of.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                under_way.of.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gatewright_types::{Clock, Rng};

    use super::*;

    #[test]
    fn a_turn_is_given_back_when_it_is_dropped() {
        let mint = || DeveloperId::mint(&Clock::System, &Rng::System);
        let (ada, grace, linus) = (mint(), mint(), mint());
        let turns = Turns::new(3, 2);
        let first = turns.take(ada).unwrap();
        let _second = turns.take(ada).unwrap();
        assert!(turns.take(ada).is_none(), "two of one developer");
        let _third = turns.take(grace).unwrap();
        assert!(turns.take(linus).is_none(), "three of all");
        drop(first);
        assert!(turns.take(linus).is_some());
    }
}
