//! The SQL of browsers that are known.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;

pub(crate) async fn insert(tx: &mut TenantTx, hash: &CredentialHash, person_id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO known_devices (tenant_id, hash, person_id, created_at, last_used_at) VALUES ($1, $2, $3, $4, $4)",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        person_id.uuid(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether the browser is known, which is noted at most once a day.
pub(crate) async fn touch(
    tx: &mut TenantTx,
    hash: &CredentialHash,
    person_id: PersonId,
    idle_since: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let row = sqlx::query_scalar!(
        r#"WITH known AS (SELECT last_used_at FROM known_devices WHERE tenant_id = $1 AND hash = $2 AND person_id = $3 AND last_used_at > $5),
             touched AS (UPDATE known_devices SET last_used_at = $4
               WHERE tenant_id = $1 AND hash = $2 AND person_id = $3 AND last_used_at <= $4::timestamptz - interval '1 day')
           SELECT EXISTS (SELECT FROM known) AS "known!""#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        person_id.uuid(),
        tx.now(),
        idle_since,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(row)
}
