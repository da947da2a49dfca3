//! Sealed copies of secrets: for handing one key to a gateway later, and for calling in its name.

use gatewright_database::{DatabaseError, SystemTx, TenantTx};
use gatewright_types::ids::KeyId;
use gatewright_vault::Sealed;
use secrecy::SecretString;

use crate::settings::{Copies, SecretRetention};
use crate::{CredentialError, store};

/// What a copy is sealed as.
const KIND: &str = "api-key";

/// What is kept of a new secret besides its hash.
pub(crate) struct Kept {
    /// A sealed copy, and for how long.
    pub(crate) copy: Option<(Sealed, SecretRetention)>,
    /// Whether other gateways are given it.
    pub(crate) provisions: bool,
}

/// Seals a secret that is about to be kept, if the tenant keeps copies or has other gateways.
pub(crate) async fn copy(
    tx: &mut TenantTx,
    copies: Copies,
    id: KeyId,
    secret_version: i32,
    secret: &SecretString,
) -> Result<Kept, CredentialError> {
    let provisions = copies.provisions;
    let retention = match (copies.while_active, provisions) {
        (true, _) => SecretRetention::WhileActive,
        (false, true) => SecretRetention::UntilProvisioned,
        (false, false) => return Ok(Kept { copy: None, provisions }),
    };
    let sealed = tx.seal(KIND, id.uuid(), secret_version.cast_unsigned(), secret).await?;
    let copy = Some((sealed, retention));
    Ok(Kept { copy, provisions })
}

/// Keeps a copy of a secret that a gateway showed, until the gateways that need it have it again. One that is kept stays.
pub async fn keep(
    tx: &mut TenantTx,
    id: KeyId,
    secret_version: i32,
    secret: &SecretString,
) -> Result<(), CredentialError> {
    let sealed = tx.seal(KIND, id.uuid(), secret_version.cast_unsigned(), secret).await?;
    Ok(store::sealed::keep(tx, id, secret_version, &sealed).await?)
}

/// Erases copies that were kept until every gateway had the secret, of these keys and versions; returns how many.
pub async fn erase_provisioned(tx: &mut TenantTx, secrets: &[(KeyId, i32)]) -> Result<u64, CredentialError> {
    Ok(store::sealed::erase_provisioned(tx, secrets).await?)
}

/// A key's secret of this version, where a copy of it is kept and the secret is still valid.
pub async fn open(tx: &mut TenantTx, id: KeyId, secret_version: i32) -> Result<Option<SecretString>, CredentialError> {
    let Some(bytes) = store::sealed::find(tx, id, secret_version).await? else {
        return Ok(None);
    };
    let sealed = Sealed::from_bytes(bytes).map_err(DatabaseError::from)?;
    Ok(Some(
        tx.open(KIND, id.uuid(), secret_version.cast_unsigned(), &sealed)
            .await?,
    ))
}

/// Erases the copies of secrets that have ended, of every tenant; returns how many.
pub async fn erase_ended(tx: &mut SystemTx, now: chrono::DateTime<chrono::Utc>) -> Result<u64, DatabaseError> {
    Ok(store::sealed::erase_ended(tx, now).await?)
}
