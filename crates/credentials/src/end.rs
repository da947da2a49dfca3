//! Ends what a subscription gave.

use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::SubscriptionId;
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
    store::set_status(tx, &orphans, KeyStatus::Revoked).await?;
    for id in &orphans {
        tx.happened(
            "credentials",
            "key.revoked",
            id,
            json!({ "endedWith": subscription_id }),
        );
    }
    look_up::of_keys(tx, &keys).await
}
