//! What a tenant decided about its keys' secrets.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{CredentialError, store};

text_enum! {
    /// How long a sealed copy of a secret is kept beside its hash.
    pub enum SecretRetention {
        /// Until the last gateway that needs the secret itself has it. Native gateways need its hash
        /// only, so with them alone no copy is ever made.
        UntilProvisioned = "UNTIL_PROVISIONED",
        /// Until the key, or this secret of it, ends.
        WhileActive = "WHILE_ACTIVE",
    }
}

text_enum! {
    /// What happens to a key whose secret was found where it should not be.
    pub enum LeakPolicy {
        /// Nothing but an event and an audit row: a person decides.
        Notify = "NOTIFY",
        /// The key is suspended.
        Suspend = "SUSPEND",
        /// The secret is taken away: refused at once, the key stays and waits for a rotation.
        Rotate = "ROTATE",
    }
}

/// What a tenant decided about its keys' secrets.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CredentialSettings {
    /// How long sealed copies are kept.
    pub secret_retention: SecretRetention,
    /// What happens to a key that leaked.
    pub leak_policy: LeakPolicy,
    /// When that was last changed; null for never.
    pub updated_at: Option<DateTime<Utc>>,
}

impl Default for CredentialSettings {
    fn default() -> Self {
        Self {
            secret_retention: SecretRetention::UntilProvisioned,
            leak_policy: LeakPolicy::Notify,
            updated_at: None,
        }
    }
}

/// What to change; what is absent stays.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettingsChange {
    /// How long sealed copies are kept. `UNTIL_PROVISIONED` erases at once what nothing waits for;
    /// `WHILE_ACTIVE` holds for secrets that are made from now on.
    pub secret_retention: Option<SecretRetention>,
    /// What happens to a key that leaked.
    pub leak_policy: Option<LeakPolicy>,
}

/// The tenant's settings.
pub async fn get(tx: &mut TenantTx) -> Result<CredentialSettings, CredentialError> {
    Ok(store::settings::find(tx).await?.unwrap_or_default())
}

/// Changes the tenant's settings.
pub async fn change(tx: &mut TenantTx, change: SettingsChange) -> Result<CredentialSettings, CredentialError> {
    let now = tx.now();
    let before = get(tx).await?;
    let settings = CredentialSettings {
        secret_retention: change.secret_retention.unwrap_or(before.secret_retention),
        leak_policy: change.leak_policy.unwrap_or(before.leak_policy),
        updated_at: Some(now),
    };
    // Waits for whoever is making a secret with a copy, so that the copy is found below.
    store::settings::put(tx, &settings, now).await?;
    let erased = match settings.secret_retention {
        SecretRetention::UntilProvisioned => store::sealed::erase_all(tx).await?,
        SecretRetention::WhileActive => 0,
    };
    let shown = |settings: &CredentialSettings, erased: u64| json!({ "secretRetention": settings.secret_retention, "leakPolicy": settings.leak_policy, "erasedCopies": erased });
    let (tenant_id, after) = (tx.tenant_id(), shown(&settings, erased));
    tx.changed("credentials", "settings.changed", tenant_id, &shown(&before, 0), &after);
    Ok(settings)
}

/// Says whether this tenant's secrets are given to other gateways, so that a copy of a new one is needed until they are there.
pub async fn set_provisions(tx: &mut TenantTx, provisions: bool) -> Result<(), CredentialError> {
    Ok(store::settings::set_provisions(tx, provisions).await?)
}

/// What becomes of a tenant's new secrets besides their hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct Copies {
    /// Copies are kept as long as the secret is valid.
    pub while_active: bool,
    /// Other gateways are given them.
    pub provisions: bool,
}

/// What becomes of new secrets; it stays so until the end of the transaction. One round trip.
pub async fn copies(tx: &mut TenantTx) -> Result<Copies, CredentialError> {
    Ok(store::settings::copies(tx).await?)
}
