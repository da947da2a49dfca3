//! The one place where this crate seals and opens.

use gatewright_database::{DatabaseError, TenantTx};
use gatewright_vault::Sealed;
use secrecy::SecretString;
use uuid::Uuid;

/// Kind of a webhook endpoint's signing secret.
pub(crate) const WEBHOOK_SECRET: &str = "webhook-secret";
/// Kind of a mail's content.
pub(crate) const MAIL: &str = "mail";

/// Seals a secret of `kind` that belongs to `id`, in its `version`; returns what to keep.
pub(crate) async fn seal(
    tx: &mut TenantTx,
    kind: &'static str,
    id: Uuid,
    version: i32,
    secret: &SecretString,
) -> Result<Vec<u8>, DatabaseError> {
    let sealed = tx.seal(kind, id, version.cast_unsigned(), secret).await?;
    Ok(sealed.as_bytes().to_vec())
}

/// Opens what was sealed with exactly these words.
pub(crate) async fn open(
    tx: &mut TenantTx,
    kind: &'static str,
    id: Uuid,
    version: i32,
    sealed: Vec<u8>,
) -> Result<SecretString, DatabaseError> {
    let sealed = Sealed::from_bytes(sealed)?;
    tx.open(kind, id, version.cast_unsigned(), &sealed).await
}
