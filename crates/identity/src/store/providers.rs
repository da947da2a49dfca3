//! The SQL of identity providers.

use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::IdentityProviderId;

use crate::providers::{IdentityProvider, ProviderKind, ProviderState};

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM identity_providers WHERE tenant_id = $1"#,
        tx.tenant_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    provider: &IdentityProvider,
    sealed_secret: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity_providers (tenant_id, id, kind, name, issuer, client_id, secret_version, sealed_secret, signs_up, state, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        tx.tenant_id().uuid(),
        provider.id.uuid(),
        provider.kind.as_str(),
        provider.name,
        provider.issuer,
        provider.client_id,
        provider.secret_version,
        sealed_secret,
        provider.signs_up,
        provider.state.as_str(),
        provider.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: IdentityProviderId) -> Result<Option<IdentityProvider>, sqlx::Error> {
    sqlx::query_as!(
        IdentityProvider,
        r#"SELECT id AS "id: IdentityProviderId", kind AS "kind: ProviderKind", name, issuer, client_id, secret_version, signs_up,
             state AS "state: ProviderState", created_at, updated_at
           FROM identity_providers WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn lock(tx: &mut TenantTx, id: IdentityProviderId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT FROM identity_providers WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Vec<IdentityProvider>, sqlx::Error> {
    sqlx::query_as!(
        IdentityProvider,
        r#"SELECT id AS "id: IdentityProviderId", kind AS "kind: ProviderKind", name, issuer, client_id, secret_version, signs_up,
             state AS "state: ProviderState", created_at, updated_at
           FROM identity_providers WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn active(tx: &mut TenantTx) -> Result<Vec<IdentityProvider>, sqlx::Error> {
    sqlx::query_as!(
        IdentityProvider,
        r#"SELECT id AS "id: IdentityProviderId", kind AS "kind: ProviderKind", name, issuer, client_id, secret_version, signs_up,
             state AS "state: ProviderState", created_at, updated_at
           FROM identity_providers WHERE tenant_id = $1 AND state = 'ACTIVE' ORDER BY lower(name)"#,
        tx.tenant_id().uuid(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// A secret that is absent stays.
pub(crate) async fn update(
    tx: &mut TenantTx,
    provider: &IdentityProvider,
    sealed_secret: Option<&[u8]>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity_providers SET name = $3, client_id = $4, signs_up = $5, state = $6, updated_at = $7, secret_version = $8,
           sealed_secret = coalesce($9, sealed_secret)
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        provider.id.uuid(),
        provider.name,
        provider.client_id,
        provider.signs_up,
        provider.state.as_str(),
        provider.updated_at,
        provider.secret_version,
        sealed_secret,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: IdentityProviderId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM identity_providers WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn sealed_secret(tx: &mut TenantTx, id: IdentityProviderId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "SELECT sealed_secret FROM identity_providers WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.flatten())
}
