//! Keeping up with the other control planes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gatewright_database::{Listener, SystemUse};
use gatewright_types::ids::NodeId;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use super::{Nodes, PAGE};
use crate::{NativeError, store};

/// How often the database is asked whether something is new, also when nobody was woken.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is written down which nodes have come further.
const SHARE_INTERVAL: Duration = Duration::from_secs(1);
/// Every how many times also those are written down that have not, because they are there.
const PRESENCE_EVERY: u32 = 5;
/// Pause before the connection that is woken is tried again.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);

/// There are news.
const NEWS: &str = "gatewright_news";
/// A node has come so far.
const PROGRESS: &str = "gatewright_progress";

impl Nodes {
    /// Reads the news of other control planes and tells them how far our nodes are, until it is dropped.
    pub async fn follow(self: Arc<Self>) {
        tokio::join!(self.listen(), self.read(), self.share());
    }

    /// Lets PostgreSQL wake us.
    async fn listen(&self) {
        loop {
            match self.database.listen_apart(&[NEWS, PROGRESS]).await {
                Ok(mut listener) => self.hear_all(&mut listener).await,
                Err(error) => tracing::debug!(%error, "nobody wakes us for news"),
            }
            tokio::time::sleep(LISTEN_PAUSE).await;
        }
    }

    async fn hear_all(&self, listener: &mut Listener) {
        loop {
            match listener.next().await {
                Ok(Some(notification)) if notification.channel == PROGRESS => {
                    if let Some((id, position, snapshot_version)) = parse(&notification.payload) {
                        self.progress.hear(id, position, snapshot_version);
                    }
                }
                // The connection is new: something may have been missed.
                Ok(_) => self.wanted.notify_one(),
                Err(error) => {
                    tracing::debug!(%error, "nobody wakes us for news");
                    return;
                }
            }
        }
    }

    /// Reads news when woken, and now and then.
    async fn read(&self) {
        let mut ticks = tokio::time::interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_away = false;
        loop {
            tokio::select! {
                () = self.wanted.notified() => {}
                _ = ticks.tick() => {}
            }
            match self.read_on().await {
                Ok(()) => is_away = false,
                Err(error) if !is_away => {
                    is_away = true;
                    tracing::warn!(%error, "news to the nodes cannot be read");
                }
                Err(_) => {}
            }
        }
    }

    async fn read_on(&self) -> Result<(), NativeError> {
        loop {
            let begun = Instant::now();
            let last = self.feed.last();
            let mut tx = self.database.system(SystemUse::FollowNodes).await?;
            let position = store::news::position(&mut tx).await?;
            let news = if position.seq > last {
                store::news::after(&mut tx, last, PAGE).await?
            } else {
                Vec::new()
            };
            tx.close().await?;
            // What we have in memory was committed, so the database was set back.
            if position.seq < last {
                tracing::error!("the database was set back; nodes start over");
                self.progress.reset();
                self.feed.jump(position.seq, position.configuration);
                continue;
            }
            let count = news.len();
            if let Some(newest) = news.last() {
                self.foreign.fetch_max(newest.seq(), Ordering::AcqRel);
            }
            if !self.feed.append(news) {
                tracing::error!("news are missing in the database; nodes start over");
                self.feed.jump(position.seq, position.configuration);
            }
            if count < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                self.feed.confirm(begun);
                return Ok(());
            }
        }
    }

    /// Writes down how far our nodes are: at once when somebody elsewhere waits for one, else now and then.
    async fn share(&self) {
        let mut ticks = tokio::time::interval(SHARE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count: u32 = 0;
        loop {
            let all = tokio::select! {
                () = self.progress.share.notified() => false,
                _ = ticks.tick() => {
                    count = count.wrapping_add(1);
                    count.is_multiple_of(PRESENCE_EVERY)
                }
            };
            let reports = self.progress.to_share(all);
            if reports.is_empty() {
                continue;
            }
            let written = async {
                let mut tx = self.database.system(SystemUse::FollowNodes).await?;
                store::nodes::report(&mut tx, &reports, self.database.clock().now()).await?;
                Ok::<(), NativeError>(tx.commit().await?)
            };
            if let Err(error) = written.await {
                tracing::debug!(%error, "it cannot be written down how far the nodes are");
            }
        }
    }
}

fn parse(payload: &str) -> Option<(NodeId, u64, u64)> {
    let mut parts = payload.split(' ');
    let id = Uuid::try_parse(parts.next()?).ok()?;
    let position = parts.next()?.parse().ok()?;
    Some((NodeId::from_uuid(id), position, parts.next()?.parse().ok()?))
}
