//! Looking at what gateways really have, for a plan that is applied later (a sync) or for drift.
//!
//! # Invariants
//! * A run's row holds how far it is: a worker that takes over goes on from there. A page of findings is committed together
//!   with that. Memory holds a page at a time.
//! * Looking changes nothing on a gateway. Repairing is [`crate::converge`], as ever: a run only says that it is due.
//! * What changes just now is no drift. Of what is not ours, and of a secret that is another one, nothing is changed: it is
//!   reported.
//! * What is ours and not desired any more is taken away by drift only if it was found [`EXTRA_GRACE`] before as well.
//!
//! [`judge`] is pure; [`work`] goes through gateways and applications, [`schedule`] begins by the clock.

mod expected;
pub mod judge;
pub mod model;
pub mod schedule;
pub mod work;

use chrono::TimeDelta;
use gatewright_catalog::{CatalogError, subscriptions};
use gatewright_database::jobs::{self, NewJob};
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{GatewayId, ProvisioningRunId, SubscriptionId};
use serde_json::json;

use self::model::{Finding, NewRun, Run, RunKind, RunState};
use self::work::LookJob;
use crate::OrchestrationError;
use crate::connections::{self, CONNECTIONS_MAX};
use crate::model::ConnectionState;
use crate::store;

/// Most subscriptions that one run can be narrowed to.
pub const SUBSCRIPTIONS_MAX: usize = 1000;
/// What is ours and not desired is taken away so long after it was first found.
pub const EXTRA_GRACE: TimeDelta = TimeDelta::minutes(30);
/// How long runs and their findings are kept.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// Begins a run that somebody asked for.
pub async fn create(tx: &mut TenantTx, new: NewRun) -> Result<Run, OrchestrationError> {
    let subscription_ids = new.subscription_ids;
    if let Some(ids) = &subscription_ids
        && !(1..=SUBSCRIPTIONS_MAX).contains(&ids.len())
    {
        return Err(CatalogError::invalid("/subscriptionIds", format!("expected 1 to {SUBSCRIPTIONS_MAX}")).into());
    }
    if let Some(ids) = &subscription_ids {
        let known = subscriptions::standings(tx, ids).await?;
        if let Some(unknown) = ids
            .iter()
            .find(|id| !known.iter().any(|one| one.subscription_id == **id))
        {
            let detail = format!("there is no subscription {unknown}");
            return Err(CatalogError::invalid("/subscriptionIds", detail).into());
        }
    }
    let all = connections::list(tx, every_connection()).await?.items;
    let usable: Vec<GatewayId> = all
        .iter()
        .filter(|connection| connection.state != ConnectionState::Disabled)
        .map(|connection| connection.id)
        .collect();
    let wanted = match new.connection_ids {
        None => usable.clone(),
        Some(ids) => {
            if let Some(unknown) = ids.iter().find(|id| !usable.contains(id)) {
                let detail = format!("there is no connection {unknown} that is not DISABLED");
                return Err(CatalogError::invalid("/connectionIds", detail).into());
            }
            ids
        }
    };
    if wanted.is_empty() || (new.kind == RunKind::Drift && (wanted.len() != 1 || subscription_ids.is_some())) {
        let detail = "expected one connection for DRIFT, without subscriptions, and at least one for SYNC";
        return Err(CatalogError::invalid("/connectionIds", detail).into());
    }
    let run = begin(tx, new.kind, wanted, subscription_ids).await?;
    tx.created("orchestration", "run.created", run.id, &run);
    Ok(run)
}

fn every_connection() -> PageRequest {
    PageRequest {
        after: None,
        limit: u16::try_from(CONNECTIONS_MAX).unwrap_or(u16::MAX),
    }
}

/// Writes a run down, with the job that does it.
pub(crate) async fn begin(
    tx: &mut TenantTx,
    kind: RunKind,
    mut connection_ids: Vec<GatewayId>,
    subscription_ids: Option<Vec<SubscriptionId>>,
) -> Result<Run, OrchestrationError> {
    connection_ids.sort_unstable();
    connection_ids.dedup();
    let id = ProvisioningRunId::mint(tx.clock(), tx.rng());
    store::runs::insert(tx, id, kind, &connection_ids, subscription_ids.as_deref()).await?;
    enqueue(tx, id).await?;
    get(tx, id).await
}

pub(crate) async fn enqueue(tx: &mut TenantTx, id: ProvisioningRunId) -> Result<(), OrchestrationError> {
    let job = NewJob::new(LookJob { run_id: id }).unique(id.to_string());
    jobs::enqueue(tx, job).await?;
    Ok(())
}

/// One run.
pub async fn get(tx: &mut TenantTx, id: ProvisioningRunId) -> Result<Run, OrchestrationError> {
    let request = PageRequest { after: None, limit: 1 };
    let found = store::runs::list(tx, Some(id), None, request).await?.pop();
    found.ok_or_else(|| OrchestrationError::not_found("run", id))
}

/// A page of runs; only those of a connection, where that is given.
pub async fn list(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    request: PageRequest,
) -> Result<Page<Run>, OrchestrationError> {
    let rows = store::runs::list(tx, None, connection_id, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// A page of what a run has found.
pub async fn findings(
    tx: &mut TenantTx,
    id: ProvisioningRunId,
    request: PageRequest,
) -> Result<Page<Finding>, OrchestrationError> {
    get(tx, id).await?;
    Ok(Page::from_rows(store::runs::findings(tx, id, request).await?, request))
}

/// Has what a run has planned done: everything that differs is brought to what is desired, in no hurry.
pub async fn apply(tx: &mut TenantTx, id: ProvisioningRunId) -> Result<Run, OrchestrationError> {
    if !store::runs::lock(tx, id).await? {
        return Err(OrchestrationError::not_found("run", id));
    }
    let before = get(tx, id).await?;
    if before.state != RunState::Looked {
        let state = before.state.to_string();
        let allowed = "a run that is LOOKED can be applied, once";
        return Err(OrchestrationError::WrongRunState { state, allowed });
    }
    store::runs::set_state(tx, id, RunState::Applying, None).await?;
    enqueue(tx, id).await?;
    let after = get(tx, id).await?;
    let detail = json!({ "differing": after.differing });
    tx.changed_telling("orchestration", "run.applied", id, detail, &before, &after);
    Ok(after)
}
