//! The news as this process has them: the last ones in memory, in the order of their numbers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gatewright_snapshot::protocol::News;
use tokio::sync::watch;

/// News that are kept in memory; a node that is further behind reads them from the database.
const IN_MEMORY_MAX: usize = 1_024;
/// Most that a follower is given at once.
const AT_ONCE_MAX: usize = 64;

/// One piece of news, as it is handed to every node.
#[derive(Debug)]
pub struct Item {
    /// What is true from now on.
    pub news: News,
    line: OnceLock<Bytes>,
}

impl Item {
    pub(super) fn new(news: News) -> Arc<Self> {
        Arc::new(Self {
            news,
            line: OnceLock::new(),
        })
    }

    /// As a line of the protocol; written once for all nodes.
    pub fn line(&self) -> Bytes {
        self.line.get_or_init(|| line(&self.news)).clone()
    }
}

/// One line of the protocol.
pub fn line(news: &News) -> Bytes {
    let mut line = serde_json::to_vec(news).unwrap_or_default();
    line.push(b'\n');
    line.into()
}

/// What a follower at some position finds.
pub(super) enum Found {
    /// What comes next.
    Items(Vec<Arc<Item>>),
    /// It is further behind than memory reaches.
    Behind,
    /// It is ahead: the database was set back.
    Ahead,
}

pub(super) struct Feed {
    items: Mutex<VecDeque<Arc<Item>>>,
    last: watch::Sender<u64>,
    /// The last number that was about configuration.
    configuration: AtomicU64,
    confirmed_at: Mutex<Instant>,
}

impl Feed {
    /// Begins after `position`, which was just read.
    pub(super) fn new(position: u64, configuration: u64) -> Self {
        Self {
            items: Mutex::default(),
            last: watch::Sender::new(position),
            configuration: AtomicU64::new(configuration),
            confirmed_at: Mutex::new(Instant::now()),
        }
    }

    /// The number of the last news.
    pub(super) fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// Wakes when there are more.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    /// Takes in what follows; false when something before it is missing.
    pub(super) fn append(&self, news: impl IntoIterator<Item = News>) -> bool {
        let mut items = self.lock();
        let mut last = self.last();
        for one in news {
            if one.seq() <= last {
                continue;
            }
            if one.seq() != last + 1 {
                return false;
            }
            last = one.seq();
            if matches!(one, News::Configuration { .. }) {
                self.configuration.store(last, Ordering::Release);
            }
            items.push_back(Item::new(one));
            if items.len() > IN_MEMORY_MAX {
                items.pop_front();
            }
            // Under the lock: whoever sees the number finds the item.
            self.last.send_replace(last);
        }
        true
    }

    /// The version of the configuration, as far as it is known.
    pub(super) fn configuration(&self) -> u64 {
        self.configuration.load(Ordering::Acquire)
    }

    /// Begins anew: what is between is not known.
    pub(super) fn jump(&self, position: u64, configuration: u64) {
        let mut items = self.lock();
        items.clear();
        self.configuration.store(configuration, Ordering::Release);
        self.last.send_replace(position);
    }

    pub(super) fn after(&self, position: u64) -> Found {
        let items = self.lock();
        let last = self.last();
        if position > last {
            return Found::Ahead;
        }
        let missing = usize::try_from(last - position).unwrap_or(usize::MAX);
        if missing > items.len() {
            return Found::Behind;
        }
        let next = items.iter().skip(items.len() - missing);
        Found::Items(next.take(AT_ONCE_MAX).cloned().collect())
    }

    /// What was read from the database at `at` was all there was.
    pub(super) fn confirm(&self, at: Instant) {
        *self.confirmed_at.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// For how long nobody can be sure that there is nothing more.
    pub(super) fn age(&self) -> Duration {
        self.confirmed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Item>>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(seq: u64) -> News {
        News::Configuration { seq }
    }

    fn numbers(found: Found) -> Vec<u64> {
        match found {
            Found::Items(items) => items.iter().map(|item| item.news.seq()).collect(),
            Found::Behind => panic!("behind"),
            Found::Ahead => panic!("ahead"),
        }
    }

    #[test]
    fn news_come_in_order_once_and_without_a_hole() {
        let feed = Feed::new(7, 0);
        assert!(feed.append([news(8), news(9)]));
        assert!(!feed.append([news(11)]), "10 is missing");
        assert!(
            feed.append([news(9), news(10), news(11)]),
            "what is known is not taken twice"
        );
        assert_eq!(numbers(feed.after(7)), [8, 9, 10, 11]);
        assert_eq!(numbers(feed.after(10)), [11]);
        assert_eq!(numbers(feed.after(11)), [0; 0]);
        assert!(matches!(feed.after(6), Found::Behind));
        assert!(matches!(feed.after(12), Found::Ahead));
    }

    #[test]
    fn memory_is_bounded_and_who_is_further_behind_is_told() {
        let feed = Feed::new(0, 0);
        let count = IN_MEMORY_MAX as u64 + 10;
        assert!(feed.append((1..=count).map(news)));
        assert!(matches!(feed.after(9), Found::Behind));
        assert_eq!(numbers(feed.after(10)).first(), Some(&11));
        assert_eq!(numbers(feed.after(10)).len(), AT_ONCE_MAX);
        feed.jump(3, 0);
        assert!(matches!(feed.after(10), Found::Ahead));
    }
}
