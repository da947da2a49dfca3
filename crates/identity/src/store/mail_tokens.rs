//! The SQL of what mails carry.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;

use crate::mail_tokens::Purpose;

pub(crate) async fn replace(
    tx: &mut TenantTx,
    person_id: PersonId,
    purpose: Purpose,
    email: Option<&str>,
    hash: &CredentialHash,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH gone AS (DELETE FROM mail_tokens WHERE tenant_id = $1 AND person_id = $3 AND purpose = $4)
         INSERT INTO mail_tokens (tenant_id, hash, person_id, purpose, email, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        person_id.uuid(),
        purpose.as_str(),
        email,
        tx.now(),
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn take(
    tx: &mut TenantTx,
    hash: &CredentialHash,
    purpose: Purpose,
) -> Result<Option<(PersonId, Option<String>)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"DELETE FROM mail_tokens WHERE tenant_id = $1 AND hash = $2 AND purpose = $3 AND expires_at > $4
           RETURNING person_id AS "person_id: PersonId", email"#,
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        purpose.as_str(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.person_id, row.email)))
}
