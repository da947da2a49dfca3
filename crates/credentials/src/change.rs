//! Renames a key, narrows it to some products or addresses, or sets when it expires.

use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use gatewright_catalog::subscriptions;
use gatewright_database::TenantTx;
use gatewright_types::access::KeyStatus;
use gatewright_types::address::Cidr;
use gatewright_types::ids::{KeyId, ProductId};
use gatewright_types::patch::present;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::issue::{check_addresses, check_expiry, check_products};
use crate::model::ApiKey;
use crate::{AccessChange, CredentialError, look_up, store};

/// What to change of a key; what is absent stays, null takes the limit away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KeyChange {
    /// A name for people.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Narrows it to these products; null for all of its subscriptions'.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<ProductId>>)]
    pub product_ids: Option<Option<Vec<ProductId>>>,
    /// From where it may be used: 1 to 64 addresses or ranges; null for anywhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Vec<Cidr>>)]
    pub allowed_addresses: Option<Option<Vec<Cidr>>>,
    /// From when on it is refused; null for never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<Option<DateTime<Utc>>>,
}

/// Changes a key that is not revoked.
pub async fn change(
    tx: &mut TenantTx,
    id: KeyId,
    change: KeyChange,
) -> Result<(ApiKey, Vec<AccessChange>), CredentialError> {
    let held = store::lock(tx, id).await?.ok_or(CredentialError::NotFound(id))?;
    if held.status == KeyStatus::Revoked {
        return Err(CredentialError::WrongStatus {
            status: held.status,
            wanted: "changed",
        });
    }
    let before = look_up::get(tx, id).await?;
    let mut key = before.clone();
    let mut checks = Checks::default();
    if let Some(name) = change.name {
        checks.name("/name", &name);
        key.name = name;
    }
    if let Some(expires_at) = change.expires_at {
        check_expiry(&mut checks, tx.now(), expires_at);
        key.expires_at = expires_at;
    }
    if let Some(product_ids) = change.product_ids {
        let standings = subscriptions::standings(tx, &key.subscription_ids).await?;
        let covered: Vec<ProductId> = standings
            .into_iter()
            .flat_map(|standing| standing.product_ids)
            .collect();
        check_products(&mut checks, &covered, product_ids.as_deref());
        key.product_ids = product_ids;
    }
    if let Some(allowed_addresses) = change.allowed_addresses {
        check_addresses(&mut checks, allowed_addresses.as_deref());
        key.allowed_addresses = allowed_addresses;
    }
    checks.done()?;
    key.updated_at = tx.now();
    store::update(tx, &key).await?;
    let detail = json!({
        "name": key.name, "productIds": key.product_ids, "allowedAddresses": key.allowed_addresses, "expiresAt": key.expires_at
    });
    tx.changed_telling("credentials", "key.changed", id, detail, &before, &key);
    let changes = look_up::of_keys(tx, &[id]).await?;
    Ok((key, changes))
}
