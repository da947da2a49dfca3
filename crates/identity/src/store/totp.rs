//! The SQL of authenticators.

use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;
use gatewright_vault::Sealed;

pub(crate) struct Authenticator {
    pub(crate) version: i32,
    pub(crate) sealed: Vec<u8>,
    pub(crate) confirmed: bool,
    pub(crate) last_step: i64,
}

pub(crate) async fn find(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<Authenticator>, sqlx::Error> {
    sqlx::query_as!(
        Authenticator,
        r#"SELECT version, sealed, confirmed_at IS NOT NULL AS "confirmed!", last_step
           FROM totp_authenticators WHERE tenant_id = $1 AND person_id = $2"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Keeps one that no code was taken of, in the place of another such.
pub(crate) async fn put(
    tx: &mut TenantTx,
    person_id: PersonId,
    version: i32,
    sealed: &Sealed,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO totp_authenticators (tenant_id, person_id, version, sealed, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (tenant_id, person_id) DO UPDATE SET version = $3, sealed = $4, created_at = $5, last_step = 0
           WHERE totp_authenticators.confirmed_at IS NULL",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        version,
        sealed.as_bytes(),
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn confirm(tx: &mut TenantTx, person_id: PersonId, step: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE totp_authenticators SET confirmed_at = $3, last_step = $4 WHERE tenant_id = $1 AND person_id = $2",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        tx.now(),
        step,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a step that is later than every one that was taken; whether it is.
pub(crate) async fn take_step(
    tx: &mut TenantTx,
    person_id: PersonId,
    version: i32,
    step: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE totp_authenticators SET last_step = $4
         WHERE tenant_id = $1 AND person_id = $2 AND version = $3 AND confirmed_at IS NOT NULL AND last_step < $4",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        version,
        step,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes it; whether it was confirmed, nothing where there was none.
pub(crate) async fn delete(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"DELETE FROM totp_authenticators WHERE tenant_id = $1 AND person_id = $2 RETURNING confirmed_at IS NOT NULL AS "confirmed!""#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}
