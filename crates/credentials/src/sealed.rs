//! Sealed copies of secrets: for handing one key to a gateway later, and for calling in its name.

use gatewright_database::{DatabaseError, SystemTx, TenantTx};
use gatewright_types::ids::KeyId;
use gatewright_vault::Sealed;
use secrecy::SecretString;

use crate::{CredentialError, store};

/// What a copy is sealed as.
const KIND: &str = "api-key";

/// Seals a secret that is about to be kept, if the tenant keeps copies; one round trip.
///
/// Until the end of the transaction the tenant goes on keeping them.
pub(crate) async fn copy(
    tx: &mut TenantTx,
    id: KeyId,
    secret_version: i32,
    secret: &SecretString,
) -> Result<Option<Sealed>, CredentialError> {
    if !store::settings::keeps_copies(tx).await? {
        return Ok(None);
    }
    Ok(Some(
        tx.seal(KIND, id.uuid(), secret_version.cast_unsigned(), secret).await?,
    ))
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
