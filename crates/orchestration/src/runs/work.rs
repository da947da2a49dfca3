//! The job of a run: page by page, from where it was left, a minute at a time.

use std::time::Duration;

use gatewright_catalog::subscriptions;
use gatewright_connectors::{Application, Connector, Fault, FaultKind, Observed};
use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Running};
use gatewright_types::ids::{GatewayId, ProvisioningRunId, SubscriptionId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;

use super::EXTRA_GRACE;
use super::expected::{Expected, expected};
use super::judge::{self, Difference};
use super::model::{FindingKind, RunKind, RunState};
use crate::OrchestrationError;
use crate::breaker::{BreakerState, PROBE_FOR};
use crate::engine::Orchestrator;
use crate::model::{ApplicationKey, Connection, ConnectionState, DriftPolicy, ProvisioningState, Stage};
use crate::store::runs::{Place, Progress};
use crate::store::{self, applications, runs};

/// Applications that are looked at together.
const PAGE: i64 = 16;
/// Findings that are handed to the workers together.
const HAND_OVER: i64 = 100;
/// How long one job goes on before it makes room for others.
const SLICE: Duration = Duration::from_secs(60);
/// Longest name of something on a gateway that is kept, in characters.
const NAME_MAX_CHARS: usize = 200;

/// Goes on with a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LookJob {
    pub(crate) run_id: ProvisioningRunId,
}

impl Job for LookJob {
    const KIND: &'static str = "provisioning.run";
    const LANE: Lane = Lane::Bulk;
}

pub(crate) struct Looker(pub(crate) Orchestrator);

impl Handler for Looker {
    type Job = LookJob;

    async fn run(&self, job: LookJob, running: &Running) -> Result<Finished, Failure> {
        let tenant_id = running.caller()?.tenant_id;
        let begun = tokio::time::Instant::now();
        loop {
            if running.is_cancelled() {
                self.give_up(tenant_id, job.run_id, "it was cancelled")
                    .await
                    .map_err(retry)?;
                return Err(Failure::Cancelled);
            }
            let stepped = self.step(tenant_id, job.run_id).await;
            let more = match stepped {
                Ok(more) => more,
                Err(Halt::Gateway(fault)) => {
                    let last = running.attempt() >= i32::from(LookJob::ATTEMPTS_MAX);
                    if last {
                        self.give_up(tenant_id, job.run_id, &fault.words).await.map_err(retry)?;
                    } else {
                        self.note(tenant_id, job.run_id, &fault.words).await.map_err(retry)?;
                    }
                    return Err(match fault.kind {
                        FaultKind::Parked(pause) => Failure::RetryAfter {
                            pause,
                            why: fault.words,
                        },
                        _ => Failure::Retry(fault.words),
                    });
                }
                Err(Halt::Ours(error)) => {
                    // Nobody comes back for it: it must not look as if somebody did.
                    if running.attempt() >= i32::from(LookJob::ATTEMPTS_MAX) {
                        let _ = self.give_up(tenant_id, job.run_id, "it failed again and again").await;
                    }
                    return Err(retry(error));
                }
            };
            if !more {
                return running.finish().await;
            }
            if begun.elapsed() > SLICE {
                let mut finishing = running.finish_in_tenant().await?;
                super::enqueue(&mut finishing, job.run_id).await.map_err(retry)?;
                return finishing.commit().await;
            }
        }
    }
}

fn retry(error: OrchestrationError) -> Failure {
    match error {
        OrchestrationError::Database(error) => Failure::Database(error),
        other => Failure::Retry(other.to_string()),
    }
}

/// Why a run cannot go on now.
enum Halt {
    Gateway(Fault),
    Ours(OrchestrationError),
}

impl<E: Into<OrchestrationError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

impl Looker {
    /// One page of whatever the run is at; whether there is more.
    async fn step(&self, tenant_id: TenantId, id: ProvisioningRunId) -> Result<bool, Halt> {
        let mut tx = self.0.tenant(tenant_id).await?;
        let Some(progress) = runs::progress(&mut tx, id).await? else {
            return Ok(false);
        };
        match progress.state {
            RunState::Applying => Ok(hand_over(tx, id).await?),
            RunState::Looking if progress.scanning => self.scan(tx, tenant_id, id, progress).await,
            RunState::Looking => self.look(tx, tenant_id, id, progress).await,
            RunState::Looked | RunState::Applied | RunState::Failed => Ok(false),
        }
    }

    /// A page of what the gateway has with our mark.
    async fn scan(
        &self,
        mut tx: TenantTx,
        tenant_id: TenantId,
        id: ProvisioningRunId,
        before: Progress,
    ) -> Result<bool, Halt> {
        let Some((connection, connector)) = self.gateway(&mut tx, &before.connection_ids[0]).await? else {
            return Ok(end(tx, id).await?);
        };
        tx.close().await?;
        let link = self.0.link(&connection);
        let asked_at = self.0.database().clock().now();
        let page = connector.scan(&link, connection.id, before.scan_cursor.clone()).await;
        let page = page.map_err(Halt::Gateway)?;
        let mut tx = self.0.tenant(tenant_id).await?;
        let after = Progress {
            scanning: page.next.is_some(),
            scan_cursor: page.next.clone(),
            looked: before
                .looked
                .saturating_add(i32::try_from(page.items.len()).unwrap_or(0)),
            ..before.clone()
        };
        if !runs::advance(&mut tx, id, &before, &after).await? {
            return Ok(true);
        }
        let named: Vec<SubscriptionId> = page.items.iter().filter_map(|item| item.subscription_id).collect();
        applications::see(&mut tx, connection.id, id, &named).await?;
        let mut expected = expected(&mut tx, &connection, &connector, &named).await?;
        for item in page.items {
            let name: String = item.name.chars().take(NAME_MAX_CHARS).collect();
            let place = Place {
                run_id: id,
                connection_id: connection.id,
                subscription_id: None,
                remote_name: Some(&name),
            };
            let found = item.subscription_id.and_then(|id| {
                Some(expected.swap_remove(expected.iter().position(|one| one.key.subscription_id == id)?))
            });
            match found {
                // What was brought to something else since it was asked for is no drift.
                Some(expected)
                    if expected
                        .row
                        .as_ref()
                        .is_some_and(|row| row.acknowledged_at >= Some(asked_at)) => {}
                Some(expected) => {
                    judge_one(&mut tx, &connection, before.kind, place, &expected, &item.observed).await?;
                }
                None => {
                    let unknown = Difference {
                        kind: FindingKind::Unknown,
                        actions: Vec::new(),
                        detail: "it carries our mark, and no subscription of ours has its name".to_owned(),
                    };
                    runs::insert_finding(&mut tx, &place, &unknown, None).await?;
                }
            }
        }
        applications::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A page of what we know of, each asked for by itself.
    async fn look(
        &self,
        mut tx: TenantTx,
        tenant_id: TenantId,
        id: ProvisioningRunId,
        before: Progress,
    ) -> Result<bool, Halt> {
        let current = before
            .connection_ids
            .iter()
            .copied()
            .find(|id| before.after_connection_id.is_none_or(|after| *id >= after));
        let Some(current) = current else {
            return Ok(end(tx, id).await?);
        };
        let after_subscription = before
            .after_subscription_id
            .filter(|_| before.after_connection_id == Some(current));
        let next_gateway = before.connection_ids.iter().copied().find(|id| *id > current);
        let gateway = self.gateway(&mut tx, &current).await?;
        let (ids, expected) = match &gateway {
            None => (Vec::new(), Vec::new()),
            Some((connection, connector)) => {
                let ids = candidates(&mut tx, connection, id, &before, after_subscription).await?;
                let expected = expected(&mut tx, connection, connector, &ids).await?;
                (ids, expected)
            }
        };
        let (Some((connection, _)), Some(last)) = (gateway, ids.last().copied()) else {
            let Some(next) = next_gateway else {
                return Ok(end(tx, id).await?);
            };
            let after = Progress {
                after_connection_id: Some(next),
                after_subscription_id: None,
                ..before.clone()
            };
            runs::advance(&mut tx, id, &before, &after).await?;
            tx.commit().await?;
            return Ok(true);
        };
        tx.close().await?;
        let observed = self.observe(&connection, &expected).await?;
        let mut tx = self.0.tenant(tenant_id).await?;
        let after = Progress {
            after_connection_id: Some(current),
            after_subscription_id: Some(last),
            looked: before.looked.saturating_add(i32::try_from(ids.len()).unwrap_or(0)),
            ..before.clone()
        };
        if !runs::advance(&mut tx, id, &before, &after).await? {
            return Ok(true);
        }
        let now = applications::of_connection(&mut tx, current, &ids).await?;
        for (expected, observed) in expected.iter().zip(observed) {
            let its = now
                .iter()
                .find(|row| row.subscription_id == expected.key.subscription_id);
            // Something else was asked for while it was looked at: that is done by itself.
            if its.map(|row| row.generation) != expected.generation() {
                continue;
            }
            let place = Place {
                run_id: id,
                connection_id: current,
                subscription_id: None,
                remote_name: None,
            };
            match observed {
                Ok(observed) => {
                    judge_one(&mut tx, &connection, before.kind, place, expected, &observed).await?;
                }
                Err(fault) => {
                    let place = Place {
                        subscription_id: Some(expected.key.subscription_id),
                        ..place
                    };
                    let unreadable = Difference {
                        kind: FindingKind::Unreadable,
                        actions: Vec::new(),
                        detail: fault.words,
                    };
                    runs::insert_finding(&mut tx, &place, &unreadable, None).await?;
                }
            }
        }
        applications::wake(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What the gateway has of each of these. A gateway that cannot be asked at all halts the run.
    async fn observe(
        &self,
        connection: &Connection,
        expected: &[Expected],
    ) -> Result<Vec<Result<Observed, Fault>>, Halt> {
        let mut asking = JoinSet::new();
        for (place, one) in expected.iter().enumerate() {
            let (connector, link) = (Arc::clone(&one.connector), self.0.link(connection));
            let application = Application {
                connection_id: one.key.connection_id,
                customer_id: one.key.customer_id,
                subscription_id: one.key.subscription_id,
            };
            asking.spawn(async move { (place, connector.observe(&link, &application).await) });
        }
        let mut found: Vec<Result<Observed, Fault>> = Vec::new();
        found.resize_with(expected.len(), || Ok(Observed::default()));
        while let Some(answered) = asking.join_next().await {
            let (place, result) = answered.map_err(|error| {
                Halt::Gateway(Fault::new(
                    FaultKind::Transient,
                    format!("looking has panicked: {error}"),
                ))
            })?;
            match result {
                Err(fault) if fault.kind.may_pass() || matches!(fault.kind, FaultKind::Parked(_)) => {
                    return Err(Halt::Gateway(fault));
                }
                result => found[place] = result,
            }
        }
        Ok(found)
    }

    /// The gateway, unless it is gone or not in use.
    async fn gateway(
        &self,
        tx: &mut TenantTx,
        id: &GatewayId,
    ) -> Result<Option<(Connection, Arc<dyn Connector>)>, Halt> {
        let Some(connection) = store::connections::find(tx, *id).await? else {
            return Ok(None);
        };
        if connection.state == ConnectionState::Disabled {
            return Ok(None);
        }
        if connection.breaker != BreakerState::Closed {
            let pause = connection.retry_at.map_or(PROBE_FOR, |at| at - tx.now());
            let pause = pause.to_std().unwrap_or_default().max(Duration::from_secs(1));
            let fault = Fault::new(FaultKind::Parked(pause), "its circuit breaker is open");
            return Err(Halt::Gateway(fault));
        }
        self.0.connector(tx, *id).await?.map(Some).map_err(Halt::Gateway)
    }

    async fn note(&self, tenant_id: TenantId, id: ProvisioningRunId, words: &str) -> Result<(), OrchestrationError> {
        let mut tx = self.0.tenant(tenant_id).await?;
        if let Some(progress) = runs::progress(&mut tx, id).await? {
            runs::set_state(&mut tx, id, progress.state, Some(words)).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn give_up(&self, tenant_id: TenantId, id: ProvisioningRunId, words: &str) -> Result<(), OrchestrationError> {
        let mut tx = self.0.tenant(tenant_id).await?;
        runs::set_state(&mut tx, id, RunState::Failed, Some(words)).await?;
        Ok(tx.commit().await?)
    }
}

async fn end(mut tx: TenantTx, id: ProvisioningRunId) -> Result<bool, OrchestrationError> {
    runs::set_state(&mut tx, id, RunState::Looked, None).await?;
    tx.commit().await?;
    Ok(false)
}

/// The next page of subscriptions that are on a gateway, or should be.
async fn candidates(
    tx: &mut TenantTx,
    connection: &Connection,
    run_id: ProvisioningRunId,
    progress: &Progress,
    after: Option<SubscriptionId>,
) -> Result<Vec<SubscriptionId>, OrchestrationError> {
    let only = progress.subscription_ids.as_deref();
    let mut ids = applications::unseen(tx, connection.id, run_id, only, after, PAGE).await?;
    // What was never told to this gateway is for a sync: drift is about what was there.
    if progress.kind == RunKind::Sync {
        let mappings = store::mappings::of_connection(tx, connection.id).await?;
        let products: Vec<_> = mappings.iter().map(|mapping| mapping.product_id).collect();
        ids.extend(subscriptions::covering(tx, &products, only, after, PAGE).await?);
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(usize::try_from(PAGE).unwrap_or(1));
    }
    Ok(ids)
}

/// Writes down how one application differs, and has it repaired where that is wanted.
async fn judge_one(
    tx: &mut TenantTx,
    connection: &Connection,
    kind: RunKind,
    place: Place<'_>,
    expected: &Expected,
    observed: &Observed,
) -> Result<(), OrchestrationError> {
    let place = Place {
        subscription_id: Some(expected.key.subscription_id),
        ..place
    };
    if kind == RunKind::Drift && expected.is_moving() {
        return Ok(());
    }
    let found = judge::differences(
        &expected.desired,
        observed,
        expected.connector.capabilities(),
        &expected.lost,
    );
    if kind == RunKind::Sync {
        for difference in &found {
            runs::insert_finding(tx, &place, difference, None).await?;
        }
        return Ok(());
    }
    let was_drifted = expected
        .row
        .as_ref()
        .is_some_and(|row| row.state == ProvisioningState::Drifted);
    if found.is_empty() {
        // It was put right there: reading it back says so.
        if was_drifted {
            applications::repair(tx, expected.key, expected.stage).await?;
        }
        return Ok(());
    }
    let mut generation = None;
    for difference in &found {
        let repaired = connection.drift_policy == DriftPolicy::Repair
            && !difference.actions.is_empty()
            && match difference.kind {
                FindingKind::Extra => {
                    let then = tx.now() - EXTRA_GRACE;
                    runs::was_extra(tx, &place, then).await?
                }
                _ => true,
            };
        if repaired && generation.is_none() {
            generation = Some(applications::repair(tx, expected.key, expected.stage).await?);
        }
        runs::insert_finding(tx, &place, difference, generation.filter(|_| repaired)).await?;
    }
    if was_drifted {
        return Ok(());
    }
    let words = &found[0].detail;
    if let (Some(row), None) = (&expected.row, generation) {
        applications::drifted(tx, row, words).await?;
    }
    let detail = json!({
        "gatewayId": connection.id, "runId": place.run_id, "kind": found[0].kind, "actions": found[0].actions,
        "repaired": generation.is_some(), "error": words,
    });
    tx.happened(
        "orchestration",
        "subscription.drifted",
        expected.key.subscription_id,
        detail,
    );
    Ok(())
}

/// Hands a page of what was planned to the workers; whether there is more.
async fn hand_over(mut tx: TenantTx, id: ProvisioningRunId) -> Result<bool, OrchestrationError> {
    runs::lock(&mut tx, id).await?;
    let planned = runs::planned(&mut tx, id, HAND_OVER).await?;
    if planned.is_empty() {
        runs::set_state(&mut tx, id, RunState::Applied, None).await?;
        tx.commit().await?;
        return Ok(false);
    }
    let mut ids: Vec<SubscriptionId> = planned.iter().map(|one| one.subscription_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let standings = subscriptions::standings(&mut tx, &ids).await?;
    for one in planned {
        let standing = standings
            .iter()
            .find(|standing| standing.subscription_id == one.subscription_id);
        let Some(standing) = standing else { continue };
        let key = ApplicationKey {
            connection_id: one.connection_id,
            subscription_id: one.subscription_id,
            customer_id: standing.customer_id,
        };
        let generation = applications::repair(&mut tx, key, Stage::of(standing.state)).await?;
        runs::note_repair(&mut tx, one.id, generation).await?;
    }
    applications::wake(&mut tx).await?;
    tx.commit().await?;
    Ok(true)
}
