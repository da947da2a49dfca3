//! The SQL of passkeys.

use gatewright_database::TenantTx;
use gatewright_types::ids::{PasskeyId, PersonId};
use sqlx::types::Json;
use webauthn_rs::prelude::Passkey as Key;

use crate::second_factors::passkeys::Passkey;

pub(crate) async fn list(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Passkey>, sqlx::Error> {
    sqlx::query_as!(
        Passkey,
        r#"SELECT id AS "id: PasskeyId", name, created_at, last_used_at FROM passkeys
           WHERE tenant_id = $1 AND person_id = $2 ORDER BY id"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn keys(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Key>, sqlx::Error> {
    let keys = sqlx::query_scalar!(
        r#"SELECT credential AS "credential: Json<Key>" FROM passkeys WHERE tenant_id = $1 AND person_id = $2 ORDER BY id"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(keys.into_iter().map(|Json(key)| key).collect())
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    person_id: PersonId,
    passkey: &Passkey,
    key: &Key,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO passkeys (tenant_id, id, person_id, credential_id, credential, name, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant_id().uuid(),
        passkey.id.uuid(),
        person_id.uuid(),
        key.cred_id().as_slice(),
        Json(key) as _,
        passkey.name,
        passkey.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whose passkey this is.
pub(crate) async fn owner(tx: &mut TenantTx, credential_id: &[u8]) -> Result<Option<PersonId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT person_id AS "person_id: PersonId" FROM passkeys WHERE tenant_id = $1 AND credential_id = $2"#,
        tx.tenant_id().uuid(),
        credential_id,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A passkey with its key.
pub(crate) struct Held {
    pub(crate) id: PasskeyId,
    pub(crate) person_id: PersonId,
    pub(crate) key: Key,
}

/// Holds a passkey, so that nobody else counts it up meanwhile.
pub(crate) async fn hold(tx: &mut TenantTx, credential_id: &[u8]) -> Result<Option<Held>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: PasskeyId", person_id AS "person_id: PersonId", credential AS "credential: Json<Key>"
           FROM passkeys WHERE tenant_id = $1 AND credential_id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        credential_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Held {
        id: row.id,
        person_id: row.person_id,
        key: row.credential.0,
    }))
}

pub(crate) async fn used(tx: &mut TenantTx, id: PasskeyId, key: &Key) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        Json(key) as _,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn rename(
    tx: &mut TenantTx,
    person_id: PersonId,
    id: PasskeyId,
    name: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE passkeys SET name = $4 WHERE tenant_id = $1 AND person_id = $2 AND id = $3",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        id.uuid(),
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, person_id: PersonId, id: PasskeyId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM passkeys WHERE tenant_id = $1 AND person_id = $2 AND id = $3",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
