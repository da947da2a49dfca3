use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::{KeyId, SubscriptionId};

use crate::desired::Rotation;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    key_id: KeyId,
    secret_version: i32,
    overlap_seconds: i32,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO rotations (tenant_id, key_id, secret_version, overlap_seconds, requested_at) VALUES ($1, $2, $3, $4, $5)",
        tx.tenant_id().uuid(),
        key_id.uuid(),
        secret_version,
        overlap_seconds,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends every overlap of a key: what was superseded is not wanted any more.
pub(crate) async fn end(tx: &mut TenantTx, key_id: KeyId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM rotations WHERE tenant_id = $1 AND key_id = $2",
        tx.tenant_id().uuid(),
        key_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Those of a subscription's keys.
pub(crate) async fn of_subscription(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<Rotation>, sqlx::Error> {
    sqlx::query_as!(
        Rotation,
        r#"SELECT key_id AS "key_id: _", secret_version, overlap_seconds, requested_at, begun_at FROM rotations
           WHERE tenant_id = $1 AND key_id IN (
             SELECT key_id FROM application_credentials WHERE tenant_id = $1 AND subscription_id = $2)"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// The overlap begins; false where it has begun already.
pub(crate) async fn begin(
    tx: &mut TenantTx,
    key_id: KeyId,
    secret_version: i32,
    begun_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query!(
        "UPDATE rotations SET begun_at = $4 WHERE tenant_id = $1 AND key_id = $2 AND secret_version = $3 AND begun_at IS NULL",
        tx.tenant_id().uuid(),
        key_id.uuid(),
        secret_version,
        begun_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(begun.rows_affected() == 1)
}
