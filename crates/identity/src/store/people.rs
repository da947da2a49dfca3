//! The SQL of people.

use gatewright_database::TenantTx;
use gatewright_types::ids::PersonId;

use crate::model::{Person, PersonState};
use crate::people::NewPerson;

pub(crate) async fn insert(tx: &mut TenantTx, id: PersonId, new: &NewPerson) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO people (tenant_id, id, email, email_proven, name, password_hash, password_changed_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6::text IS NULL THEN NULL ELSE $7::timestamptz END, $7, $7)",
        tx.tenant_id().uuid(),
        id.uuid(),
        new.email,
        new.email_proven,
        new.name,
        new.password_hash,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: PersonId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Person,
        r#"SELECT id AS "id: PersonId", email, name, password_hash IS NOT NULL AS "has_password!", state AS "state: PersonState", created_at
           FROM people WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What is needed to judge somebody who says who they are.
pub(crate) struct Secret {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) email_proven: bool,
    pub(crate) password_hash: Option<String>,
    pub(crate) state: PersonState,
}

pub(crate) async fn secret_by_email(tx: &mut TenantTx, email: &str) -> Result<Option<Secret>, sqlx::Error> {
    sqlx::query_as!(
        Secret,
        r#"SELECT id AS "id: PersonId", email, email_proven, password_hash, state AS "state: PersonState"
           FROM people WHERE tenant_id = $1 AND lower(email) = lower($2)"#,
        tx.tenant_id().uuid(),
        email,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn secret(tx: &mut TenantTx, id: PersonId) -> Result<Option<Secret>, sqlx::Error> {
    sqlx::query_as!(
        Secret,
        r#"SELECT id AS "id: PersonId", email, email_proven, password_hash, state AS "state: PersonState"
           FROM people WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn rename(tx: &mut TenantTx, id: PersonId, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE people SET name = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        name,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn set_password(tx: &mut TenantTx, id: PersonId, hash: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE people SET password_hash = $3, password_changed_at = $4, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        hash,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn set_email(tx: &mut TenantTx, id: PersonId, email: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE people SET email = $3, email_proven = true, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        email,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM people WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
