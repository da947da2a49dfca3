//! The SQL of people.

use gatewright_catalog::model::Tenant;
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::{PersonId, TenantId};
use gatewright_types::slug::Slug;

use crate::account::Deed;
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
    pub(crate) email_proven: bool,
    pub(crate) password_hash: Option<String>,
    pub(crate) state: PersonState,
}

pub(crate) async fn secret_by_email(tx: &mut TenantTx, email: &str) -> Result<Option<Secret>, sqlx::Error> {
    sqlx::query_as!(
        Secret,
        r#"SELECT id AS "id: PersonId", email_proven, password_hash, state AS "state: PersonState"
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
        r#"SELECT id AS "id: PersonId", email_proven, password_hash, state AS "state: PersonState"
           FROM people WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Holds a person, so that what they sign in with is changed by one at a time.
pub(crate) async fn lock(tx: &mut TenantTx, id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM people WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
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

/// Notes that the address is theirs; whether that was not known before.
pub(crate) async fn prove_email(tx: &mut TenantTx, id: PersonId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE people SET email_proven = true WHERE tenant_id = $1 AND id = $2 AND NOT email_proven",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes away whatever a person signs in with but the password.
pub(crate) async fn forget_factors(tx: &mut TenantTx, id: PersonId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH identities AS (DELETE FROM person_identities WHERE tenant_id = $1 AND person_id = $2),
              authenticators AS (DELETE FROM totp_authenticators WHERE tenant_id = $1 AND person_id = $2),
              codes AS (DELETE FROM recovery_codes WHERE tenant_id = $1 AND person_id = $2)
         DELETE FROM passkeys WHERE tenant_id = $1 AND person_id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What these did, newest first.
pub(crate) async fn deeds(tx: &mut TenantTx, actors: &[uuid::Uuid], most: i64) -> Result<Vec<Deed>, sqlx::Error> {
    sqlx::query_as!(
        Deed,
        "SELECT occurred_at, action, resource_id, peer_address FROM audit_events
         WHERE tenant_id = $1 AND actor_id = ANY ($2) ORDER BY id DESC LIMIT $3",
        tx.tenant_id().uuid(),
        actors,
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The tenants where somebody of the same proven address is an operator who may act, with who that is there.
pub(crate) async fn own_tenants(
    tx: &mut SystemTx,
    tenant_id: TenantId,
    person_id: PersonId,
    most: i64,
) -> Result<Vec<(Tenant, PersonId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT t.id AS "id: TenantId", t.name, t.slug AS "slug: Slug", t.created_at, there.id AS "person_id: PersonId"
           FROM people AS here JOIN people AS there ON lower(there.email) = lower(here.email)
             JOIN operators AS o ON o.tenant_id = there.tenant_id AND o.person_id = there.id
             JOIN tenants AS t ON t.id = there.tenant_id
           WHERE here.tenant_id = $1 AND here.id = $2 AND here.email_proven AND here.state = 'ACTIVE'
             AND there.email_proven AND there.state = 'ACTIVE' AND o.state = 'ACTIVE'
           ORDER BY t.name, t.id LIMIT $3"#,
        tenant_id.uuid(),
        person_id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    let found = rows.into_iter().map(|row| {
        let tenant = Tenant {
            id: row.id,
            name: row.name,
            slug: row.slug,
            created_at: row.created_at,
        };
        (tenant, row.person_id)
    });
    Ok(found.collect())
}
