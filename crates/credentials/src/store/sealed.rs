use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::KeyId;
use gatewright_vault::Sealed;
use uuid::Uuid;

/// The copy of a secret that is still valid.
pub(crate) async fn find(tx: &mut TenantTx, id: KeyId, secret_version: i32) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let now = tx.now();
    sqlx::query_scalar!(
        "SELECT sealed FROM sealed_secrets
         WHERE tenant_id = $1 AND key_id = $2 AND secret_version = $3 AND (erase_at IS NULL OR erase_at > $4)",
        tx.tenant_id().uuid(),
        id.uuid(),
        secret_version,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Erases the copies that are kept for nothing but the tenant's wish.
pub(crate) async fn erase_all(tx: &mut TenantTx) -> Result<u64, sqlx::Error> {
    let erased = sqlx::query!(
        "DELETE FROM sealed_secrets WHERE tenant_id = $1 AND retention = 'WHILE_ACTIVE'",
        tx.tenant_id().uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(erased.rows_affected())
}

pub(crate) async fn erase_ended(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let erased = sqlx::query!("DELETE FROM sealed_secrets WHERE erase_at <= $1", now)
        .execute(&mut **tx)
        .await?;
    Ok(erased.rows_affected())
}

pub(crate) async fn keep(
    tx: &mut TenantTx,
    id: KeyId,
    secret_version: i32,
    sealed: &Sealed,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO sealed_secrets (tenant_id, key_id, secret_version, sealed, retention, erase_at, created_at)
         SELECT tenant_id, id, $3, $4, 'UNTIL_PROVISIONED', expires_at, $5 FROM api_keys
         WHERE tenant_id = $1 AND id = $2 AND secret_version = $3 AND status <> 'REVOKED'
         ON CONFLICT DO NOTHING",
        tx.tenant_id().uuid(),
        id.uuid(),
        secret_version,
        sealed.as_bytes(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn erase_provisioned(tx: &mut TenantTx, secrets: &[(KeyId, i32)]) -> Result<u64, sqlx::Error> {
    let (keys, versions): (Vec<Uuid>, Vec<i32>) = secrets.iter().map(|(key, version)| (key.uuid(), *version)).unzip();
    let erased = sqlx::query!(
        "DELETE FROM sealed_secrets AS s USING (
           SELECT c.key_id, c.secret_version FROM sealed_secrets AS c
           JOIN unnest($2::uuid[], $3::integer[]) AS done (key_id, secret_version)
             ON c.key_id = done.key_id AND c.secret_version = done.secret_version
           WHERE c.tenant_id = $1 AND c.retention = 'UNTIL_PROVISIONED' FOR UPDATE OF c SKIP LOCKED
         ) AS free
         WHERE s.tenant_id = $1 AND s.key_id = free.key_id AND s.secret_version = free.secret_version",
        tx.tenant_id().uuid(),
        &keys,
        &versions,
    )
    .execute(&mut **tx)
    .await?;
    Ok(erased.rows_affected())
}
