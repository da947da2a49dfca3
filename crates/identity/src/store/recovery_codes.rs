//! The SQL of recovery codes.

use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;

pub(crate) async fn replace(tx: &mut TenantTx, person_id: PersonId, hashes: &[Vec<u8>]) -> Result<(), sqlx::Error> {
    delete(tx, person_id).await?;
    sqlx::query!(
        "INSERT INTO recovery_codes (tenant_id, person_id, hash, created_at)
         SELECT $1, $2, hash, $4 FROM unnest($3::bytea[]) AS given (hash)",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        hashes,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn left(tx: &mut TenantTx, person_id: PersonId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM recovery_codes WHERE tenant_id = $1 AND person_id = $2 AND used_at IS NULL"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Takes one that was not used; whether there was one.
pub(crate) async fn take(tx: &mut TenantTx, person_id: PersonId, hash: &CredentialHash) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE recovery_codes SET used_at = $4 WHERE tenant_id = $1 AND person_id = $2 AND hash = $3 AND used_at IS NULL",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(crate) async fn delete(tx: &mut TenantTx, person_id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM recovery_codes WHERE tenant_id = $1 AND person_id = $2",
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
