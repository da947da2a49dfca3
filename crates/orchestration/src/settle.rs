//! Writes down what came of an attempt: states, circuit breaker, attempts, overlaps, copies that are not needed any more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use gatewright_connectors::{Fault, FaultKind};
use gatewright_credentials::{AccessChange, rotate, sealed};
use gatewright_database::TenantTx;
use gatewright_native::nodes::{Effects, commit_news};
use gatewright_types::ids::{EventId, GatewayId, TenantId};
use serde_json::json;
use uuid::Uuid;

use crate::OrchestrationError;
use crate::breaker::{Breaker, BreakerState};
use crate::converge::{Outcome, Prepared, Progress, is_security};
use crate::desired::OVERLAP_WAITS_MAX;
use crate::engine::Orchestrator;
use crate::model::{ApplicationKey, ConnectionState, ProvisioningState, SecretState, Urgency};
use crate::plan::{Standing, Strange};
use crate::store::{self, applications, credentials};

/// First pause after a failure; doubled each time.
const PAUSE_FIRST: TimeDelta = TimeDelta::seconds(1);
/// Longest pause of what ends access.
const SECURITY_PAUSE_MAX: TimeDelta = TimeDelta::seconds(30);
/// Longest pause of everything else.
const PAUSE_MAX: TimeDelta = TimeDelta::minutes(10);

/// Writes down what came of an attempt and gives the application back.
pub(crate) async fn settle(
    engine: &Orchestrator,
    tenant_id: TenantId,
    key: ApplicationKey,
    token: Uuid,
    mut prepared: Prepared,
    progress: Progress,
    result: Result<(), Fault>,
) -> Result<Outcome, OrchestrationError> {
    let mut tx = engine.tenant(tenant_id).await?;
    hold_first(&mut tx, &prepared).await?;
    credentials::alone(&mut tx, key.subscription_id).await?;
    let Some(row) = applications::hold(&mut tx, key, token).await? else {
        return Ok(Outcome::LeaseLost);
    };
    let before = row.state;
    let generation = prepared.row.generation;
    let remote_id = prepared.row.remote_id.take();
    prepared.row = applications::Row {
        remote_id: remote_id.or(row.remote_id.clone()),
        ..row
    };
    let fault = match result {
        Ok(()) => {
            confirmed(&mut tx, &mut prepared, &progress, generation);
            None
        }
        Err(fault) => {
            failed(&mut prepared.row, &fault, &mut tx);
            if prepared.row.generation > generation {
                // What failed is not what is desired any more.
                prepared.row.due_at = Some(tx.now());
            }
            still_unconfirmed(&mut prepared);
            Some(fault)
        }
    };
    for credential in &prepared.credentials {
        credentials::update(&mut tx, credential).await?;
    }
    applications::give_back(&mut tx, &prepared.row, fault.as_ref().map(|fault| fault.kind.as_str())).await?;
    store::attempts::insert(&mut tx, key.connection_id, &progress.attempts).await?;
    judge_gateway(&mut tx, key.connection_id, fault.as_ref(), progress.observed.is_some()).await?;
    tell(&mut tx, &prepared, before);
    let mut changes = Vec::new();
    if fault.is_none() {
        changes = everywhere(&mut tx, &prepared).await?;
        if prepared.row.state == ProvisioningState::Removed {
            gone(&mut tx, &prepared).await?;
        }
    }
    commit_news(tx, Effects::access(changes)).await?;
    Ok(fault.map_or(Outcome::Done(prepared.row.state), Outcome::Failed))
}

/// What a person changes is held in the order in which their requests hold it: connections and keys, then applications.
async fn hold_first(tx: &mut TenantTx, prepared: &Prepared) -> Result<(), OrchestrationError> {
    if prepared.connection.state == ConnectionState::Disconnecting {
        store::connections::lock(tx, prepared.connection.id).await?;
    }
    let waiting = prepared.rotations.iter().filter(|rotation| rotation.begun_at.is_none());
    let keys: Vec<_> = waiting.map(|rotation| rotation.key_id).collect();
    Ok(rotate::hold(tx, &keys).await?)
}

/// The gateway was read back.
fn confirmed(tx: &mut TenantTx, prepared: &mut Prepared, progress: &Progress, generation: i64) {
    let now = tx.now();
    let Prepared {
        row,
        credentials,
        desired,
        connector,
        ..
    } = prepared;
    let observed = progress.observed.as_ref();
    for credential in credentials.iter_mut() {
        let number = u32::try_from(credential.number).unwrap_or(0);
        let wanted = desired.credentials.iter().find(|wanted| wanted.number == number);
        let found =
            observed.and_then(|observed| observed.credentials.iter().find(|found| found.number == Some(number)));
        let is_wanted = wanted.is_some() && desired.standing != Standing::Absent;
        match (is_wanted, found) {
            (_, Some(found)) => {
                credential.remote_id = Some(found.remote_id.clone());
                credential.removed_at = None;
                credential.confirmed_at = credential.confirmed_at.or(Some(now));
                credential.state = match desired.standing {
                    _ if progress.strange.contains(&Strange::OtherSecret(number)) => ProvisioningState::Drifted,
                    Standing::Suspended => ProvisioningState::Suspended,
                    Standing::Prepared => ProvisioningState::Preparing,
                    _ => ProvisioningState::Active,
                };
            }
            (true, None) if progress.unknown.contains(&credential.number) => {
                credential.state = ProvisioningState::NeedsRotation;
            }
            (true, None) if desired.standing == Standing::Prepared => credential.state = ProvisioningState::Preparing,
            // Superseded, and gone already: it ended by itself.
            (true, None) if wanted.is_some_and(|wanted| wanted.superseded) => removed(credential, now),
            (true, None) => credential.state = ProvisioningState::Suspended,
            (false, None) => removed(credential, now),
        }
    }
    let acknowledged = prepared_state(desired.standing, progress, credentials);
    row.state = acknowledged;
    row.attempts = 0;
    row.last_error = words(progress);
    row.failing_since = row.last_error.is_some().then(|| row.failing_since.unwrap_or(now));
    if row.acknowledged_generation < generation || row.acknowledged_at.is_none() {
        row.acknowledged_at = Some(now);
        row.effective_by = Some(now + TimeDelta::seconds(i64::from(connector.capabilities().propagation_seconds)));
    }
    row.acknowledged_generation = generation;
    let newer = row.generation > generation;
    row.due_at = if newer { Some(now) } else { prepared.changes_at };
    if !newer {
        row.urgency = Urgency::Normal.as_i16();
    }
}

fn prepared_state(standing: Standing, progress: &Progress, credentials: &[credentials::Row]) -> ProvisioningState {
    match standing {
        Standing::Absent => ProvisioningState::Removed,
        _ if !progress.strange.is_empty() => ProvisioningState::Drifted,
        _ if credentials
            .iter()
            .any(|one| one.state == ProvisioningState::NeedsRotation) =>
        {
            ProvisioningState::NeedsRotation
        }
        Standing::Prepared => ProvisioningState::Preparing,
        Standing::Suspended => ProvisioningState::Suspended,
        Standing::Active => ProvisioningState::Active,
    }
}

fn removed(credential: &mut credentials::Row, now: DateTime<chrono::Utc>) {
    credential.state = ProvisioningState::Removed;
    credential.removed_at = credential.removed_at.or(Some(now));
    credential.confirmed_at = None;
    credential.generated = None;
    // What comes back after a suspension is another secret: not known before the gateway has made it.
    if credential.secret.is_some() {
        credential.secret = Some(SecretState::Pending);
        credential.fingerprint = None;
    }
}

/// What an operator has to look at, in words.
fn words(progress: &Progress) -> Option<String> {
    if !progress.unknown.is_empty() {
        return Some("a secret is not known any more: rotate the key".to_owned());
    }
    progress.strange.first().map(|strange| match strange {
        Strange::OtherSecret(number) => {
            format!("credential {number} was given another secret on the gateway; it was left so")
        }
        Strange::UnknownCredential(id) => format!("credential {id} under this application is not ours; it was left so"),
    })
}

/// It was not brought to an end: when it is tried again, and as what it is shown meanwhile.
pub(crate) fn failed(row: &mut applications::Row, fault: &Fault, tx: &mut TenantTx) {
    let now = tx.now();
    let security = is_security(row.urgency);
    if let FaultKind::Parked(pause) = fault.kind {
        row.due_at = Some(now + delta(pause));
        return;
    }
    row.attempts = row.attempts.saturating_add(1);
    row.failing_since = row.failing_since.or(Some(now));
    row.last_error = Some(fault.words.clone());
    row.state = match fault.kind {
        kind if kind.is_gateways() => ProvisioningState::Unreachable,
        kind if kind.may_pass() => row.state,
        _ => ProvisioningState::Failed,
    };
    let longest = if security { SECURITY_PAUSE_MAX } else { PAUSE_MAX };
    let doublings = u32::try_from(row.attempts - 1).unwrap_or(0).min(16);
    let backoff = (PAUSE_FIRST * i32::try_from(1_u32 << doublings).unwrap_or(i32::MAX)).min(longest);
    // Between three quarters of it and all of it, so that many do not come back at once.
    let jitter = 750 + i64::from(u16::from_le_bytes(tx.rng().bytes())) % 251;
    let backoff = TimeDelta::milliseconds(backoff.num_milliseconds() * jitter / 1000);
    row.due_at = match fault.kind {
        FaultKind::Throttled(Some(pause)) => Some(now + delta(pause).max(backoff)),
        kind if kind.may_pass() || security => Some(now + backoff),
        _ => None,
    };
}

fn still_unconfirmed(prepared: &mut Prepared) {
    for credential in &mut prepared.credentials {
        if credential.confirmed_at.is_none() && credential.removed_at.is_none() {
            credential.state = prepared.row.state;
        }
    }
}

fn delta(pause: Duration) -> TimeDelta {
    TimeDelta::from_std(pause)
        .unwrap_or(PAUSE_MAX)
        .clamp(PAUSE_FIRST, TimeDelta::hours(1))
}

/// Moves the circuit breaker. `answered`: the gateway was heard of, whatever else went wrong.
async fn judge_gateway(
    tx: &mut TenantTx,
    id: GatewayId,
    fault: Option<&Fault>,
    answered: bool,
) -> Result<(), OrchestrationError> {
    let gateways = fault.filter(|fault| fault.kind.is_gateways());
    if fault.is_some_and(|fault| matches!(fault.kind, FaultKind::Parked(_))) && !answered {
        return Ok(());
    }
    if gateways.is_none() {
        // The common case costs no lock: nothing moves.
        let breaker = store::health::find(tx, id).await?;
        if breaker == Breaker::default() {
            return Ok(store::health::note_success(tx, id).await?);
        }
    }
    let mut breaker = store::health::hold(tx, id).await?;
    let before = breaker.state;
    let now = tx.now();
    match gateways {
        None => breaker.succeeded(),
        Some(_) => breaker.failed(now),
    }
    let words = gateways.map(|fault| fault.words.as_str());
    store::health::write(tx, id, &breaker, words).await?;
    if before != breaker.state {
        moved(tx, id, before, &breaker, words.unwrap_or("a call succeeded")).await?;
    }
    Ok(())
}

/// Notes that a breaker moved, and tells.
pub(crate) async fn moved(
    tx: &mut TenantTx,
    id: GatewayId,
    before: BreakerState,
    breaker: &Breaker,
    reason: &str,
) -> Result<(), OrchestrationError> {
    let change = EventId::mint(tx.clock(), tx.rng()).uuid();
    store::health::insert_change(tx, change, id, (before.as_str(), breaker.state.as_str()), reason).await?;
    let detail = json!({ "from": before, "to": breaker.state, "retryAt": breaker.retry_at, "reason": reason });
    let (was, is) = (json!({ "breaker": before }), json!({ "breaker": breaker.state }));
    match breaker.state {
        BreakerState::Open => tx.changed_telling("orchestration", "breaker.opened", id, detail, &was, &is),
        BreakerState::Closed => {
            tx.changed_telling("orchestration", "breaker.closed", id, detail, &was, &is);
            // What failed meanwhile need not wait any longer.
            store::applications::hurry(tx, id).await?;
        }
        BreakerState::HalfOpen => {}
    }
    Ok(())
}

fn tell(tx: &mut TenantTx, prepared: &Prepared, before: ProvisioningState) {
    let row = &prepared.row;
    if before == row.state {
        return;
    }
    let detail = json!({
        "gatewayId": row.connection_id, "from": before, "to": row.state, "error": row.last_error,
    });
    let name = match row.state {
        ProvisioningState::Active => "subscription.provisioned",
        ProvisioningState::Failed | ProvisioningState::NeedsRotation => "subscription.provisioning_failed",
        ProvisioningState::Drifted => "subscription.drifted",
        ProvisioningState::Suspended => "subscription.suspended",
        ProvisioningState::Removed => "subscription.removed",
        ProvisioningState::Pending | ProvisioningState::Preparing | ProvisioningState::Unreachable => return,
    };
    tx.happened("orchestration", name, row.subscription_id, detail);
}

/// What follows when a secret is on every gateway that is to have it: overlaps begin, and copies go.
async fn everywhere(tx: &mut TenantTx, prepared: &Prepared) -> Result<Vec<AccessChange>, OrchestrationError> {
    let (mut changes, mut done) = (Vec::new(), Vec::new());
    let environment = prepared.connection.environment;
    let subscription_id = prepared.row.subscription_id;
    // Of every gateway: the last one to follow may have nothing of a key that waited for it.
    let current = credentials::confirmed(tx, subscription_id, environment).await?;
    for secret in current {
        let begins = prepared
            .rotations
            .iter()
            .find(|rotation| (rotation.key_id, rotation.secret_version) == secret && rotation.begun_at.is_none());
        // A suspended key's secret is needed again.
        if prepared.suspended.contains(&secret.0) {
            continue;
        }
        if !credentials::is_everywhere(tx, subscription_id, secret, environment).await? {
            continue;
        }
        done.push(secret);
        if let Some(rotation) = begins {
            let begun_at = tx.now().min(rotation.requested_at + OVERLAP_WAITS_MAX);
            changes.append(&mut begin_overlap(tx, rotation, begun_at).await?);
        }
    }
    // While a request waits to reveal it, its copy is needed.
    if !done.is_empty() && !store::activations::exists(tx, subscription_id).await? {
        sealed::erase_provisioned(tx, &done).await?;
    }
    Ok(changes)
}

/// The clock of an overlap starts: every gateway's old secret has an end from now on, ours included.
pub(crate) async fn begin_overlap(
    tx: &mut TenantTx,
    rotation: &crate::desired::Rotation,
    begun_at: DateTime<chrono::Utc>,
) -> Result<Vec<AccessChange>, OrchestrationError> {
    if !store::rotations::begin(tx, rotation.key_id, rotation.secret_version, begun_at).await? {
        return Ok(Vec::new());
    }
    applications::hurry_key(tx, rotation.key_id).await?;
    let ends_at = begun_at + TimeDelta::seconds(i64::from(rotation.overlap_seconds));
    Ok(rotate::move_overlap(tx, rotation.key_id, ends_at).await?)
}

/// Of a connection that is being disconnected, the last application is gone.
async fn gone(tx: &mut TenantTx, prepared: &Prepared) -> Result<(), OrchestrationError> {
    if prepared.connection.state == ConnectionState::Disconnecting {
        crate::connections::finish_disconnecting(tx, prepared.connection.id).await?;
    }
    Ok(())
}
