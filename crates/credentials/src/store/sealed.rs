use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::KeyId;

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
