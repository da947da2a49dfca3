//! The SQL of sign-ins that owe a second factor.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;

use crate::model::Method;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    hash: &CredentialHash,
    person_id: PersonId,
    methods: &[Method],
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let methods: Vec<String> = methods.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "INSERT INTO pending_sign_ins (tenant_id, hash, person_id, methods, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        person_id.uuid(),
        &methods,
        tx.now(),
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Counts one try; who it is, what they showed first, and how many tries there were with this one.
pub(crate) async fn attempt(
    tx: &mut TenantTx,
    hash: &CredentialHash,
) -> Result<Option<(PersonId, Vec<Method>, i32)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"UPDATE pending_sign_ins SET attempts = attempts + 1 WHERE tenant_id = $1 AND hash = $2 AND expires_at > $3
           RETURNING person_id AS "person_id: PersonId", methods, attempts"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| {
        let methods = row.methods.iter().flat_map(|text| text.parse()).collect();
        (row.person_id, methods, row.attempts)
    }))
}

pub(crate) async fn find(tx: &mut TenantTx, hash: &CredentialHash) -> Result<Option<PersonId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT person_id AS "person_id: PersonId" FROM pending_sign_ins WHERE tenant_id = $1 AND hash = $2 AND expires_at > $3"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn take(tx: &mut TenantTx, hash: &CredentialHash) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM pending_sign_ins WHERE tenant_id = $1 AND hash = $2",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}
