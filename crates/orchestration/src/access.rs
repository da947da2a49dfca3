//! Everything that changes who is admitted, on our own gateways and on connected ones.
//!
//! Each function works in the caller's transaction: it does what `native` does, and says of every subscription
//! concerned that its gateways are to be brought to what is desired now ([`crate::engine`]). What ends access goes
//! first there. The [`AccessChange`]s are for our own nodes, as ever.

use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions::{self, Standing};
use gatewright_catalog::{CatalogError, SubscriptionState};
use gatewright_credentials::change::KeyChange;
use gatewright_credentials::issue::{NewKey, Revealed};
use gatewright_credentials::leaks::{Candidate, Finding};
use gatewright_credentials::model::ApiKey;
use gatewright_credentials::rotate::{OVERLAP_DEFAULT_SECONDS, Rotation};
use gatewright_credentials::{AccessChange, look_up};
use gatewright_database::TenantTx;
use gatewright_native::access as native;
use gatewright_types::ids::{KeyId, SubscriptionId};

use crate::OrchestrationError;
use crate::engine::Orchestrator;
use crate::honor;
use crate::model::{Stage, Urgency};
use crate::store::{self, applications};

/// What is desired of these subscriptions has changed.
pub(crate) async fn touch(
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
    urgency: Urgency,
) -> Result<(), OrchestrationError> {
    if ids.is_empty() || !store::connections::exist(tx).await? {
        return Ok(());
    }
    let standings = subscriptions::standings(tx, ids).await?;
    touch_standing(tx, &standings, urgency).await
}

pub(crate) async fn touch_standing(
    tx: &mut TenantTx,
    standings: &[Standing],
    urgency: Urgency,
) -> Result<(), OrchestrationError> {
    let (waiting, moving): (Vec<Standing>, Vec<Standing>) = standings
        .iter()
        .cloned()
        .partition(|standing| standing.state == SubscriptionState::Created);
    if !waiting.is_empty() {
        applications::touch(tx, &waiting, urgency, Stage::Held, None, None).await?;
    }
    if !moving.is_empty() {
        applications::touch(tx, &moving, urgency, Stage::Live, None, None).await?;
    }
    Ok(())
}

/// Gives a subscription another key.
pub async fn add_key(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    key: NewKey,
) -> Result<Revealed, OrchestrationError> {
    let wanted = honor::Wanted::another(&key);
    let revealed = native::add_key(tx, subscription_id, key).await?;
    if revealed.provisions {
        let standings = subscriptions::standings(tx, &[subscription_id]).await?;
        for standing in &standings {
            honor::require(engine, tx, standing, &wanted).await?;
        }
        touch_standing(tx, &standings, Urgency::Interactive).await?;
    }
    Ok(revealed)
}

/// Moves a subscription; a final state ends its bindings and every key that is left without one.
pub async fn move_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
    to: SubscriptionState,
) -> Result<(Subscription, Vec<AccessChange>), OrchestrationError> {
    wait_no_longer(tx, id, to).await?;
    let moved = native::move_subscription(tx, id, to).await?;
    let urgency = if to.admits() {
        Urgency::Interactive
    } else {
        Urgency::Security
    };
    touch(tx, &[id], urgency).await?;
    Ok(moved)
}

/// Brings a subscription back: SUSPENDED to where it came from, PAUSED to ACTIVE.
pub async fn reactivate_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
) -> Result<(Subscription, Vec<AccessChange>), OrchestrationError> {
    let moved = native::reactivate_subscription(tx, id).await?;
    touch(tx, &[id], Urgency::Interactive).await?;
    Ok(moved)
}

/// A subscription that waits for its gateways can be cancelled meanwhile; only its gateways make it begin.
async fn wait_no_longer(
    tx: &mut TenantTx,
    id: SubscriptionId,
    to: SubscriptionState,
) -> Result<(), OrchestrationError> {
    if !store::activations::end(tx, id).await? {
        return Ok(());
    }
    let standing = subscriptions::standings(tx, &[id]).await?.pop();
    let from = SubscriptionState::Created;
    if standing.is_some_and(|standing| standing.state == from) && to != SubscriptionState::Cancelled {
        return Err(CatalogError::IllegalMove { from, to }.into());
    }
    let tenant_id = tx.tenant_id();
    gatewright_database::idempotency::forget_pending(tx, tenant_id, &crate::provision::pending(id)).await?;
    Ok(())
}

/// Ends a subscription that waited for its gateways in vain: nothing of it stays anywhere.
pub(crate) async fn withdraw(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<AccessChange>, OrchestrationError> {
    if store::activations::hold(tx, id).await?.is_none() {
        return Ok(Vec::new());
    }
    let (_, changes) = move_subscription(tx, id, SubscriptionState::Cancelled).await?;
    Ok(changes)
}

/// Gives every key of a subscription that is not revoked a new secret.
pub async fn rotate_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
    rotation: Rotation,
) -> Result<(Subscription, Vec<Revealed>, Vec<AccessChange>), OrchestrationError> {
    let (subscription, mut revealed, mut changes) = native::rotate_subscription(tx, id, rotation).await?;
    for one in &mut revealed {
        changes.append(&mut begin_rotation(tx, one, rotation).await?);
    }
    if revealed.iter().any(|one| one.provisions) {
        touch(tx, &[id], urgency_of(rotation)).await?;
    }
    Ok((subscription, revealed, changes))
}

/// Gives a key a new secret.
pub async fn rotate_key(
    tx: &mut TenantTx,
    id: KeyId,
    rotation: Rotation,
) -> Result<(Revealed, Vec<AccessChange>), OrchestrationError> {
    let (mut revealed, mut changes) = native::rotate_key(tx, id, rotation).await?;
    if revealed.provisions {
        changes.append(&mut begin_rotation(tx, &mut revealed, rotation).await?);
        touch(tx, &revealed.key.subscription_ids.clone(), urgency_of(rotation)).await?;
    }
    Ok((revealed, changes))
}

/// An overlap of 0 is for a leak: the old secret is taken away everywhere at once.
fn urgency_of(rotation: Rotation) -> Urgency {
    if overlap(rotation) == 0 {
        Urgency::Security
    } else {
        Urgency::Interactive
    }
}

fn overlap(rotation: Rotation) -> u32 {
    rotation.overlap_seconds.unwrap_or(OVERLAP_DEFAULT_SECONDS)
}

/// With other gateways, the overlap begins when the last of them has the new secret: until then the old one stays valid,
/// an hour at most.
async fn begin_rotation(
    tx: &mut TenantTx,
    revealed: &mut Revealed,
    rotation: Rotation,
) -> Result<Vec<AccessChange>, OrchestrationError> {
    let key = &mut revealed.key;
    if rotation.end_overlap || overlap(rotation) == 0 {
        store::rotations::end(tx, key.id).await?;
    }
    let waits = revealed.provisions && store::credentials::has_any(tx, key.id).await?;
    if overlap(rotation) == 0 || !waits {
        return Ok(Vec::new());
    }
    let seconds = i32::try_from(overlap(rotation)).unwrap_or(i32::MAX);
    store::rotations::insert(tx, key.id, key.secret_version, seconds).await?;
    let latest = tx.now() + crate::desired::OVERLAP_WAITS_MAX + chrono::TimeDelta::seconds(i64::from(seconds));
    let changes = gatewright_credentials::rotate::move_overlap(tx, key.id, latest).await?;
    key.old_secret_valid_until = Some(latest);
    Ok(changes)
}

/// Suspends a key.
pub async fn suspend_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), OrchestrationError> {
    let done = native::suspend_key(tx, id).await?;
    touch(tx, &done.0.subscription_ids.clone(), Urgency::Security).await?;
    Ok(done)
}

/// Reactivates a key.
pub async fn reactivate_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), OrchestrationError> {
    let done = native::reactivate_key(tx, id).await?;
    touch(tx, &done.0.subscription_ids.clone(), Urgency::Interactive).await?;
    Ok(done)
}

/// Revokes a key for ever.
pub async fn revoke_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), OrchestrationError> {
    let done = native::revoke_key(tx, id).await?;
    touch(tx, &done.0.subscription_ids.clone(), Urgency::Security).await?;
    Ok(done)
}

/// Renames, narrows or dates a key.
pub async fn change_key(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    id: KeyId,
    wanted: KeyChange,
) -> Result<(ApiKey, Vec<AccessChange>), OrchestrationError> {
    let done = native::change_key(tx, id, wanted).await?;
    if store::connections::exist(tx).await? {
        let standings = subscriptions::standings(tx, &done.0.subscription_ids).await?;
        for standing in &standings {
            honor::require(engine, tx, standing, &honor::Wanted::changed(&done.0)).await?;
        }
        // What a key may call may have become less.
        touch_standing(tx, &standings, Urgency::Security).await?;
    }
    Ok(done)
}

/// Judges secrets that were found elsewhere, and does what the tenant's policy says.
pub async fn report_leaks(
    tx: &mut TenantTx,
    candidates: &[Candidate],
) -> Result<(Vec<Finding>, Vec<AccessChange>), OrchestrationError> {
    let (findings, changes) = native::report_leaks(tx, candidates).await?;
    let mut keys: Vec<KeyId> = changes.iter().map(|change| change.credential.key_id).collect();
    keys.sort_unstable();
    keys.dedup();
    for id in keys {
        store::rotations::end(tx, id).await?;
        let key = look_up::get(tx, id).await?;
        touch(tx, &key.subscription_ids.clone(), Urgency::Security).await?;
    }
    Ok((findings, changes))
}
