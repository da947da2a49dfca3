//! Ends what a subscription gave.

use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{KeyId, SubscriptionId};
use serde_json::json;

use crate::{AccessChange, CredentialError, look_up, store};

/// Ends every binding of a subscription and revokes each key that is left without one.
///
/// The caller holds the subscription, so no key can be bound to it meanwhile.
pub async fn end_subscription(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
) -> Result<Vec<AccessChange>, CredentialError> {
    // First the keys, in the order of their ids, as everybody locks them; then what hangs on them.
    let keys = store::raise_version_of_subscription(tx, subscription_id).await?;
    store::end_bindings(tx, subscription_id).await?;
    let orphans = store::without_binding(tx, &keys).await?;
    let ids: Vec<KeyId> = orphans.iter().map(|(id, _)| *id).collect();
    store::set_status(tx, &ids, KeyStatus::Revoked).await?;
    for (id, status) in orphans {
        let detail = json!({ "endedWith": subscription_id });
        let before = json!({ "status": status });
        let after = json!({ "status": KeyStatus::Revoked, "endedWith": subscription_id });
        tx.changed_telling("credentials", "key.revoked", id, detail, &before, &after);
    }
    look_up::of_keys(tx, &keys).await
}
