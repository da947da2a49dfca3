//! The SQL of who people are at identity providers.

use gatewright_database::TenantTx;
use gatewright_types::ids::{IdentityProviderId, PersonId};

use crate::providers::{Identity, ProviderKind};

pub(crate) async fn find(
    tx: &mut TenantTx,
    provider_id: IdentityProviderId,
    subject: &str,
) -> Result<Option<PersonId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT person_id AS "person_id: PersonId" FROM person_identities WHERE tenant_id = $1 AND provider_id = $2 AND subject = $3"#,
        tx.tenant_id().uuid(),
        provider_id.uuid(),
        subject,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    provider_id: IdentityProviderId,
    subject: &str,
    person_id: PersonId,
    email: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO person_identities (tenant_id, provider_id, subject, person_id, email, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        tx.tenant_id().uuid(),
        provider_id.uuid(),
        subject,
        person_id.uuid(),
        email,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn used(
    tx: &mut TenantTx,
    provider_id: IdentityProviderId,
    subject: &str,
    email: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE person_identities SET last_used_at = $4, email = coalesce($5, email)
         WHERE tenant_id = $1 AND provider_id = $2 AND subject = $3",
        tx.tenant_id().uuid(),
        provider_id.uuid(),
        subject,
        tx.now(),
        email,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn list(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Identity>, sqlx::Error> {
    sqlx::query_as!(
        Identity,
        r#"SELECT i.provider_id AS "provider_id: IdentityProviderId", p.kind AS "provider_kind: ProviderKind", p.name AS provider_name,
             i.email, i.created_at, i.last_used_at
           FROM person_identities AS i JOIN identity_providers AS p ON p.tenant_id = i.tenant_id AND p.id = i.provider_id
           WHERE i.tenant_id = $1 AND i.person_id = $2 ORDER BY lower(p.name)"#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn delete(
    tx: &mut TenantTx,
    person_id: PersonId,
    provider_id: IdentityProviderId,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM person_identities WHERE tenant_id = $1 AND person_id = $2 AND provider_id = $3",
        tx.tenant_id().uuid(),
        person_id.uuid(),
        provider_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether there is a password, a passkey, or an identity at a provider that lets people in.
pub(crate) async fn can_sign_in(tx: &mut TenantTx, person_id: PersonId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM people WHERE tenant_id = $1 AND id = $2 AND password_hash IS NOT NULL)
             OR EXISTS (SELECT FROM passkeys WHERE tenant_id = $1 AND person_id = $2)
             OR EXISTS (SELECT FROM person_identities AS i
                  JOIN identity_providers AS p ON p.tenant_id = i.tenant_id AND p.id = i.provider_id
                  WHERE i.tenant_id = $1 AND i.person_id = $2 AND p.state = 'ACTIVE') AS "can!""#,
        tx.tenant_id().uuid(),
        person_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}
