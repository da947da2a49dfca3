//! Suspends, reactivates and revokes a key.

use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{KeyId, SubscriptionId};
use serde_json::json;

use crate::{AccessChange, CredentialError, look_up, store};

/// Suspends a key that is ACTIVE.
pub async fn suspend(tx: &mut TenantTx, id: KeyId) -> Result<Vec<AccessChange>, CredentialError> {
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
