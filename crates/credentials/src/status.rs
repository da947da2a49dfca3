//! Suspends, reactivates and revokes a key.

use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{KeyId, SubscriptionId};
use serde_json::json;

use crate::{AccessChange, CredentialError, look_up, store};

/// Remembers that its customer suspended a key, in the transaction that did: only then the customer may reactivate it.
pub async fn mark_suspended_by_customer(tx: &mut TenantTx, id: KeyId) -> Result<(), CredentialError> {
    Ok(store::mark_suspended_by_customer(tx, id).await?)
}

/// Fails unless its customer suspended a key itself. Holds the key until the end of the transaction.
pub async fn require_suspended_by_customer(tx: &mut TenantTx, id: KeyId) -> Result<(), CredentialError> {
    let held = store::lock(tx, id).await?.ok_or(CredentialError::NotFound(id))?;
    if held.status == KeyStatus::Suspended && !store::is_suspended_by_customer(tx, id).await? {
        return Err(CredentialError::SuspendedByOthers);
    }
    Ok(())
}

/// Suspends a key that is ACTIVE, or that its customer suspended: then the customer cannot reactivate it any more.
pub async fn suspend(tx: &mut TenantTx, id: KeyId) -> Result<Vec<AccessChange>, CredentialError> {
    if store::take_over_suspension(tx, id).await? {
        let (before, after) = (
            json!({ "suspendedByCustomer": true }),
            json!({ "suspendedByCustomer": false }),
        );
        let detail = json!({ "from": KeyStatus::Suspended, "to": KeyStatus::Suspended });
        tx.changed_telling("credentials", "key.suspended", id, detail, &before, &after);
        return Ok(Vec::new());
    }
    set(tx, id, KeyStatus::Suspended, "suspended", "key.suspended", |from| {
        from == KeyStatus::Active
    })
    .await
}

/// Reactivates a key that is SUSPENDED.
pub async fn reactivate(tx: &mut TenantTx, id: KeyId) -> Result<Vec<AccessChange>, CredentialError> {
    set(tx, id, KeyStatus::Active, "reactivated", "key.reactivated", |from| {
        from == KeyStatus::Suspended
    })
    .await
}

/// Revokes a key for ever, with every secret it has.
pub async fn revoke(tx: &mut TenantTx, id: KeyId) -> Result<Vec<AccessChange>, CredentialError> {
    set(tx, id, KeyStatus::Revoked, "revoked", "key.revoked", |from| {
        from != KeyStatus::Revoked
    })
    .await
}

async fn set(
    tx: &mut TenantTx,
    id: KeyId,
    to: KeyStatus,
    wanted: &'static str,
    event: &'static str,
    allowed: impl Fn(KeyStatus) -> bool,
) -> Result<Vec<AccessChange>, CredentialError> {
    let held = store::lock(tx, id).await?.ok_or(CredentialError::NotFound(id))?;
    if !allowed(held.status) {
        return Err(CredentialError::WrongStatus {
            status: held.status,
            wanted,
        });
    }
    store::set_status(tx, &[id], to).await?;
    let (before, after) = (json!({ "status": held.status }), json!({ "status": to }));
    let detail = json!({ "from": held.status, "to": to });
    tx.changed_telling("credentials", event, id, detail, &before, &after);
    look_up::of_keys(tx, &[id]).await
}

/// What the gateways must know after a subscription moved: its keys' records, with higher versions.
pub async fn subscription_moved(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
) -> Result<Vec<AccessChange>, CredentialError> {
    let keys = store::raise_version_of_subscription(tx, subscription_id).await?;
    look_up::of_keys(tx, &keys).await
}
