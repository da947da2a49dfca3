//! The SQL of sign-ups that wait.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::SignUpId;

use crate::sign_up::NewSignUp;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: SignUpId,
    new: &NewSignUp,
    browser: &CredentialHash,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO sign_ups (tenant_id, id, email, name, customer_name, password_hash, browser_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        tx.tenant_id().uuid(),
        id.uuid(),
        new.email,
        new.name,
        new.customer_name,
        new.password_hash,
        browser.as_bytes().as_slice(),
        tx.now(),
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn address(tx: &mut TenantTx, id: SignUpId) -> Result<Option<(String, String)>, sqlx::Error> {
    let row = sqlx::query!(
        "SELECT email, name FROM sign_ups WHERE tenant_id = $1 AND id = $2 AND expires_at > $3",
        tx.tenant_id().uuid(),
        id.uuid(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.email, row.name)))
}

pub(crate) async fn set_token(tx: &mut TenantTx, id: SignUpId, hash: &CredentialHash) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE sign_ups SET token_hash = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        hash.as_bytes().as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: SignUpId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM sign_ups WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) struct Taken {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) customer_name: String,
    pub(crate) password_hash: Option<String>,
    pub(crate) browser_hash: Vec<u8>,
}

pub(crate) async fn take(tx: &mut TenantTx, hash: &CredentialHash) -> Result<Option<Taken>, sqlx::Error> {
    sqlx::query_as!(
        Taken,
        "DELETE FROM sign_ups WHERE tenant_id = $1 AND token_hash = $2 AND expires_at > $3
         RETURNING email, name, customer_name, password_hash, browser_hash",
        tx.tenant_id().uuid(),
        hash.as_bytes().as_slice(),
        tx.now(),
    )
    .fetch_optional(&mut **tx)
    .await
}
