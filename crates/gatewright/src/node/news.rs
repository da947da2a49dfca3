//! Following the news: taking them in, saying so, and fetching configurations.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use gatewright_gateway::Gateway;
use gatewright_snapshot::protocol::{
    HEARTBEAT_INTERVAL_MS, NEWS_LINE_MAX_BYTES, News, REPORT_INTERVAL_MS, Report, Told,
};
use gatewright_types::access::NodeState;
use gatewright_types::ids::NodeId;
use gatewright_types::{Clock, Rng};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::sync::{Notify, watch};

use super::control::{CallError, ControlPlane, Fetched};
use super::keeper::Keeper;
use crate::shared_cache::SharedCache;
use crate::{bring_news, shared_cache};

/// How long a stream of news may be silent; then it is dead.
const SILENCE_MAX: Duration = Duration::from_millis(4 * HEARTBEAT_INTERVAL_MS);
/// Shortest and longest pause before the control plane is tried again.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How far the clocks may be apart before the log says so, in milliseconds.
const CLOCKS_APART_MAX_MS: u64 = 5_000;

/// How far the node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) position: u64,
    pub(super) snapshot_version: u64,
}

pub(super) struct Follower {
    pub(super) control: Arc<ControlPlane>,
    pub(super) keeper: Arc<Keeper>,
    pub(super) shared: Option<Arc<SharedCache>>,
    pub(super) gateway: Arc<Gateway>,
    pub(super) clock: Clock,
    pub(super) id: NodeId,
    pub(super) told_to_end: Arc<Notify>,
    /// Rings when there may be another configuration.
    pub(super) wanted: watch::Sender<()>,
    pub(super) reported: watch::Sender<Done>,
    /// Rings when a report arrives after one did not.
    pub(super) is_back: Notify,
}

/// Why a stream is followed no longer.
enum End {
    /// The node was shut out for ever.
    Revoked,
    /// The control plane goes away in good order.
    Closed,
}

impl Follower {
    /// Follows until the node is revoked, or this is dropped.
    pub(super) async fn run(self, etag: Option<String>) {
        tokio::select! {
            () = self.follow() => {}
            () = self.take_configurations(etag) => {}
            () = self.report() => {}
        }
        // Only a revocation ends one of them.
        self.shut_out().await;
    }

    async fn shut_out(&self) {
        self.gateway.revoke().await;
        self.keeper.wipe();
        // So that whoever revoked it knows; the answer says no more than is known already.
        let _ = self.control.report(&self.said()).await;
        tracing::error!(node.id = %self.id, "this node was revoked; its SECURE routes admit nobody any more");
    }

    async fn follow(&self) {
        let mut starting = true;
        let mut failures: u32 = 0;
        loop {
            match self.control.news(self.keeper.position(), starting).await {
                Ok(body) => {
                    starting = false;
                    failures = 0;
                    match self.read(body).await {
                        Ok(End::Revoked) => return,
                        Ok(End::Closed) => {}
                        Err(error) => {
                            failures = 1;
                            tracing::warn!(error = format!("{error:#}"), "the news broke off");
                        }
                    }
                }
                Err(CallError::Revoked) => return,
                Err(error) => {
                    failures = failures.saturating_add(1);
                    if failures.is_power_of_two() {
                        tracing::warn!(%error, failures, "the news cannot be followed");
                    }
                }
            }
            self.control.turn();
            tokio::select! {
                () = tokio::time::sleep(pause(failures, self.control.places())) => {}
                () = self.is_back.notified() => {}
            }
        }
    }

    /// Reads one stream to its end.
    async fn read(&self, mut body: Incoming) -> anyhow::Result<End> {
        let mut buffer = Vec::new();
        loop {
            let frame = tokio::time::timeout(SILENCE_MAX, body.frame()).await;
            let Some(frame) = frame.context("nothing was heard for too long")? else {
                return Ok(End::Closed);
            };
            let Ok(data): Result<Bytes, _> = frame?.into_data() else {
                continue;
            };
            buffer.extend_from_slice(&data);
            let Some(end) = buffer.iter().rposition(|byte| *byte == b'\n') else {
                ensure!(buffer.len() <= NEWS_LINE_MAX_BYTES, "a line has no end");
                continue;
            };
            let rest = buffer.split_off(end + 1);
            let lines = std::mem::replace(&mut buffer, rest);
            let mut news = Vec::new();
            for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                match serde_json::from_slice(line).context("a line cannot be read")? {
                    News::Heartbeat { .. } => {}
                    News::Start { position, reset, state } => {
                        self.take_in(std::mem::take(&mut news)).await?;
                        self.begin(position, reset, state).await?;
                    }
                    one => news.push(one),
                }
            }
            if let Some(end) = self.take_in(news).await? {
                return Ok(end);
            }
        }
    }

    /// From here on the news follow without a hole.
    async fn begin(&self, position: u64, reset: bool, state: NodeState) -> anyhow::Result<()> {
        // Before anything is forgotten: nothing from before may come back.
        if let Some(shared) = &self.shared {
            shared.begin(position);
        }
        match self.keeper.position() {
            _ if reset => {
                tracing::warn!(
                    news.position = position,
                    "news were missed; every credential is asked about again"
                );
                self.gateway.forget().await;
                let keeper = Arc::clone(&self.keeper);
                tokio::task::spawn_blocking(move || keeper.reset(position)).await??;
            }
            None => self.keeper.begin(position),
            Some(known) => ensure!(known == position, "the news begin elsewhere"),
        }
        self.reported.send_modify(|done| done.position = position);
        self.wanted.send_replace(());
        if state == NodeState::Draining {
            self.told_to_end.notify_one();
        }
        Ok(())
    }

    async fn take_in(&self, news: Vec<News>) -> anyhow::Result<Option<End>> {
        let Some(last) = news.last().map(News::seq) else {
            return Ok(None);
        };
        let position = self.keeper.position().context("the news have no beginning")?;
        let is_whole = news.iter().zip(position + 1..).all(|(one, seq)| one.seq() == seq);
        ensure!(is_whole, "news are missing after {position}");
        // The cores first, then the disk: only what is in both is acknowledged.
        bring_news::access(&self.gateway, bring_news::changes(news.iter())).await;
        let (keeper, news) = (Arc::clone(&self.keeper), Arc::new(news));
        let kept = Arc::clone(&news);
        let on_disk = tokio::task::spawn_blocking(move || keeper.take_in(&kept));
        if let Some(shared) = &self.shared {
            shared.advance(last);
            shared.take_in(&shared_cache::changes(news.iter())).await;
        }
        on_disk.await??;
        if news.iter().any(|one| matches!(one, News::Configuration { .. })) {
            self.wanted.send_replace(());
        }
        let ours = news.iter().rev().find_map(|one| match one {
            News::Node { node_id, state, .. } if *node_id == self.id => Some(*state),
            _ => None,
        });
        match ours {
            Some(NodeState::Draining) => self.told_to_end.notify_one(),
            Some(NodeState::Revoked) => {
                // Before it is said that it was taken in.
                self.gateway.revoke().await;
                self.reported.send_modify(|done| done.position = last);
                return Ok(Some(End::Revoked));
            }
            _ => {}
        }
        self.reported.send_modify(|done| done.position = last);
        Ok(None)
    }

    async fn take_configurations(&self, mut etag: Option<String>) {
        let mut wanted = self.wanted.subscribe();
        while wanted.changed().await.is_ok() {
            let mut failures: u32 = 0;
            loop {
                match self.control.snapshot(etag.as_deref()).await {
                    Ok(Fetched::Same) => break,
                    Ok(Fetched::New { etag: name, json }) => {
                        self.put_in_force(&name, json).await;
                        etag = Some(name);
                        break;
                    }
                    Err(CallError::Revoked) => return,
                    Err(error) => tracing::warn!(%error, "the configuration cannot be fetched"),
                }
                failures = failures.saturating_add(1);
                tokio::time::sleep(pause(failures, 1)).await;
            }
        }
    }

    async fn put_in_force(&self, etag: &str, json: Bytes) {
        match super::compile(&json) {
            Ok(snapshot) => {
                let version = snapshot.version;
                self.gateway.set_snapshot(Arc::new(snapshot));
                self.reported.send_modify(|done| done.snapshot_version = version);
                let (keeper, etag) = (Arc::clone(&self.keeper), etag.to_owned());
                let kept = tokio::task::spawn_blocking(move || keeper.keep_snapshot(&etag, &json));
                let _ = kept.await;
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "a configuration is refused; the old one stays"
            ),
        }
    }

    /// Says how far the node is, at once when that has changed, and hears the control plane's word.
    async fn report(&self) {
        let mut reported = self.reported.subscribe();
        let mut word: Option<(Told, Instant)> = None;
        let mut was_away = false;
        loop {
            reported.borrow_and_update();
            let sent_at = Instant::now();
            match self.control.report(&self.said()).await {
                // One word at a time: under a stream of news the last one would never be caught up with.
                Ok(told) => {
                    self.compare_clocks(&told);
                    word.get_or_insert((told, sent_at));
                    if std::mem::take(&mut was_away) {
                        self.is_back.notify_one();
                    }
                }
                Err(CallError::Revoked) => return,
                Err(error) => {
                    was_away = true;
                    tracing::debug!(%error, "a report did not arrive");
                }
            }
            self.hear(&mut word);
            let until = tokio::time::Instant::now() + Duration::from_millis(REPORT_INTERVAL_MS);
            let _ = tokio::time::timeout_at(until, reported.changed()).await;
            self.hear(&mut word);
        }
    }

    /// A word counts when everything that it speaks of was taken in.
    fn hear(&self, word: &mut Option<(Told, Instant)>) {
        let position = self.reported.borrow().position;
        if let Some((told, sent_at)) = word.take_if(|(told, _)| told.position <= position) {
            self.gateway
                .hear(sent_at.elapsed() + Duration::from_millis(told.age_ms));
        }
    }

    fn said(&self) -> Report {
        let done = *self.reported.borrow();
        Report {
            position: done.position,
            snapshot_version: done.snapshot_version,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            addr: self.gateway.local_addr().to_string(),
        }
    }

    fn compare_clocks(&self, told: &Told) {
        let apart_ms = told.now_ms.abs_diff(self.clock.now_ms());
        if apart_ms > CLOCKS_APART_MAX_MS {
            tracing::warn!(
                apart_ms,
                "this node's clock and the control plane's are apart; keys expire by this node's"
            );
        }
    }
}

/// Doubles with every failure, and is never the same for two nodes.
fn pause(failures: u32, places: usize) -> Duration {
    let doubled = PAUSE_MIN.saturating_mul(1 << (failures / u32::try_from(places).unwrap_or(1)).min(6));
    let jitter = u32::from(u16::from_le_bytes(Rng::System.bytes()));
    let most = doubled.min(PAUSE_MAX);
    most / 2 + most / 2 * jitter / u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_differ() {
        assert!((0..100).all(|_| pause(0, 1) >= PAUSE_MIN / 2 && pause(0, 1) <= PAUSE_MIN));
        assert!((0..100).all(|_| pause(50, 1) >= PAUSE_MAX / 2 && pause(50, 1) <= PAUSE_MAX));
        let different: std::collections::HashSet<Duration> = (0..100).map(|_| pause(50, 1)).collect();
        assert!(different.len() > 50);
        assert!(
            pause(4, 4) <= PAUSE_MIN * 2,
            "with several places each of them is tried soon"
        );
    }
}
