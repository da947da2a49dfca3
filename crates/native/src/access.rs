//! Everything that changes who is admitted.
//!
//! Each function works in the caller's transaction and returns the [`AccessChange`]s that the nodes
//! are to be told after its commit and before the answer. That they are, is the caller's duty:
//! [`crate::Nodes::commit`].

use gatewright_catalog::model::Subscription;
use gatewright_catalog::{SubscriptionState, subscriptions};
use gatewright_credentials::change::KeyChange;
use gatewright_credentials::issue::{self, NewKey, Revealed};
use gatewright_credentials::leaks::{self, Candidate, Finding};
use gatewright_credentials::model::{ApiKey, NewBinding};
use gatewright_credentials::rotate::{self, Rotation};
use gatewright_credentials::settings::Copies;
use gatewright_credentials::{AccessChange, CredentialError, change, end, look_up, status};
use gatewright_database::page::PAGE_MAX;
use gatewright_database::{Database, PageRequest, SystemUse, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{CustomerId, KeyId, PlanId, SubscriptionId};

use crate::{NativeError, gateways, store};

/// Subscribes a customer and makes its first key, in one go. `copies`: what becomes of the tenant's new secrets.
pub async fn subscribe(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    plan_id: PlanId,
    activate: bool,
    key: NewKey,
    copies: Copies,
) -> Result<(Subscription, Revealed), NativeError> {
    let subscribed = subscriptions::create(tx, customer_id, plan_id, activate).await?;
    let binding = NewBinding {
        subscription_id: subscribed.subscription.id,
        consumer: None,
    };
    let revealed = issue::issue_keeping(tx, binding, &subscribed.product_ids, key, copies).await?;
    Ok((subscribed.subscription, revealed))
}

/// Gives a subscription another key.
pub async fn add_key(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    mut key: NewKey,
) -> Result<Revealed, NativeError> {
    let subscription = subscriptions::lock(tx, subscription_id).await?;
    if subscription.state.is_final() {
        let from = subscription.state;
        return Err(gatewright_catalog::CatalogError::IllegalMove {
            from,
            to: SubscriptionState::Active,
        }
        .into());
    }
    let consumer = store::consumers::of_subscription(tx, subscription_id).await?;
    if let Some((gateway_id, _)) = consumer {
        // An API consumer's keys work on one gateway, so in its environment or nowhere.
        key.environment = gateways::get(tx, gateway_id).await?.environment;
    }
    let binding = NewBinding {
        subscription_id,
        consumer,
    };
    issue::require_room(tx, &binding).await?;
    let standing = subscriptions::standings(tx, &[subscription_id]).await?;
    let covered = standing
        .into_iter()
        .flat_map(|standing| standing.product_ids)
        .collect::<Vec<_>>();
    Ok(issue::issue(tx, binding, &covered, key).await?)
}

/// Moves a subscription; a final state ends its bindings and every key that is left without one.
pub async fn move_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
    to: SubscriptionState,
) -> Result<(Subscription, Vec<AccessChange>), NativeError> {
    let subscription = subscriptions::lock(tx, id).await?;
    move_held(tx, subscription, to).await
}

/// Brings a subscription back: SUSPENDED to where it came from, PAUSED to ACTIVE.
pub async fn reactivate_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
) -> Result<(Subscription, Vec<AccessChange>), NativeError> {
    let subscription = subscriptions::lock(tx, id).await?;
    let to = match subscription.state {
        SubscriptionState::Suspended => subscription.suspended_from.unwrap_or(SubscriptionState::Active),
        SubscriptionState::Paused => SubscriptionState::Active,
        from => {
            return Err(gatewright_catalog::CatalogError::IllegalMove {
                from,
                to: SubscriptionState::Active,
            }
            .into());
        }
    };
    move_held(tx, subscription, to).await
}

async fn move_held(
    tx: &mut TenantTx,
    subscription: Subscription,
    to: SubscriptionState,
) -> Result<(Subscription, Vec<AccessChange>), NativeError> {
    let admitted = subscription.state.admits();
    let moved = subscriptions::move_to(tx, subscription, to).await?;
    let changes = if to.is_final() {
        end::end_subscription(tx, moved.id).await?
    } else if to.admits() == admitted {
        Vec::new()
    } else {
        status::subscription_moved(tx, moved.id).await?
    };
    Ok((moved, changes))
}

/// Gives every key of a subscription that is not revoked a new secret.
pub async fn rotate_subscription(
    tx: &mut TenantTx,
    id: SubscriptionId,
    rotation: Rotation,
) -> Result<(Subscription, Vec<Revealed>, Vec<AccessChange>), NativeError> {
    let subscription = subscriptions::lock(tx, id).await?;
    if subscription.state.is_final() {
        let from = subscription.state;
        return Err(gatewright_catalog::CatalogError::IllegalMove {
            from,
            to: SubscriptionState::Active,
        }
        .into());
    }
    // Every page: keys that were revoked stand in the list as well, and after a leak none may be missed.
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest { after, limit: PAGE_MAX };
        let page = look_up::list(tx, Some(id), request).await?;
        after = page.items.last().map(|key| key.id.uuid());
        keys.extend(page.items.into_iter().filter(|key| key.status != KeyStatus::Revoked));
        if !page.more {
            break;
        }
    }
    keys.sort_by_key(|key| key.id);
    let (mut revealed, mut changes) = (Vec::with_capacity(keys.len()), Vec::new());
    for key in keys {
        let (one, mut its_changes) = rotate::rotate(tx, key.id, rotation).await?;
        revealed.push(one);
        changes.append(&mut its_changes);
    }
    Ok((subscription, revealed, changes))
}

/// Suspends a key.
pub async fn suspend_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), NativeError> {
    let changes = status::suspend(tx, id).await?;
    Ok((look_up::get(tx, id).await?, changes))
}

/// Reactivates a key.
pub async fn reactivate_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), NativeError> {
    let changes = status::reactivate(tx, id).await?;
    Ok((look_up::get(tx, id).await?, changes))
}

/// Revokes a key for ever.
pub async fn revoke_key(tx: &mut TenantTx, id: KeyId) -> Result<(ApiKey, Vec<AccessChange>), NativeError> {
    let changes = status::revoke(tx, id).await?;
    Ok((look_up::get(tx, id).await?, changes))
}

/// Gives a key a new secret.
pub async fn rotate_key(
    tx: &mut TenantTx,
    id: KeyId,
    rotation: Rotation,
) -> Result<(Revealed, Vec<AccessChange>), NativeError> {
    Ok(rotate::rotate(tx, id, rotation).await?)
}

/// Renames, narrows or dates a key.
pub async fn change_key(
    tx: &mut TenantTx,
    id: KeyId,
    wanted: KeyChange,
) -> Result<(ApiKey, Vec<AccessChange>), NativeError> {
    Ok(change::change(tx, id, wanted).await?)
}

/// Judges secrets that were found elsewhere, and does what the tenant's policy says.
pub async fn report_leaks(
    tx: &mut TenantTx,
    candidates: &[Candidate],
) -> Result<(Vec<Finding>, Vec<AccessChange>), NativeError> {
    Ok(leaks::report(tx, candidates).await?)
}

/// What a node asks for: the records with these hashes, whoever's they are.
pub async fn look_up_for_node(
    database: &Database,
    hashes: &[CredentialHash],
) -> Result<Vec<AccessChange>, CredentialError> {
    let mut tx = database.system(SystemUse::LookUpCredentials).await?;
    let found = look_up::by_hash(&mut tx, hashes).await?;
    tx.close().await?;
    Ok(found)
}
