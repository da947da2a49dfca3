use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::KeyId;

/// A secret that a key of the tenant has or had.
pub(crate) struct Found {
    pub(crate) hash: Vec<u8>,
    pub(crate) key_id: KeyId,
    pub(crate) secret_version: i32,
    /// Of one that was replaced: until when it is valid.
    pub(crate) valid_until: Option<DateTime<Utc>>,
}

pub(crate) async fn find(tx: &mut TenantTx, hashes: &[CredentialHash]) -> Result<Vec<Found>, sqlx::Error> {
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
    sqlx::query_as!(
        Found,
        r#"SELECT hash AS "hash!", id AS "key_id!: _", secret_version AS "secret_version!", NULL::timestamptz AS valid_until
           FROM api_keys WHERE tenant_id = $1 AND hash = ANY($2)
           UNION ALL
           SELECT hash, key_id, secret_version, valid_until FROM superseded_secrets WHERE tenant_id = $1 AND hash = ANY($2)"#,
        tx.tenant_id().uuid(),
        &hashes,
    )
    .fetch_all(&mut **tx)
    .await
}
