use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::GatewayId;

use crate::model::Gateway;

pub(crate) async fn insert(tx: &mut TenantTx, gateway: &Gateway) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO gateways (tenant_id, id, kind, name, slug, environment, auth_type, max_request_body_bytes, plan_id, created_at, updated_at, when_cut_off)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)",
        tx.tenant_id().uuid(),
        gateway.id.uuid(),
        gateway.kind.as_str(),
        gateway.name,
        gateway.slug.as_str(),
        gateway.environment.as_str(),
        gateway.auth_type.as_str(),
        gateway.max_request_body_bytes,
        gateway.plan_id.uuid(),
        gateway.created_at,
        gateway.when_cut_off.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM gateways WHERE tenant_id = $1"#,
        tx.tenant_id().uuid()
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: GatewayId) -> Result<Option<Gateway>, sqlx::Error> {
    sqlx::query_as!(
        Gateway,
        r#"SELECT id AS "id: _", kind AS "kind: _", name, slug AS "slug: _", environment AS "environment: _",
             auth_type AS "auth_type: _", max_request_body_bytes, when_cut_off AS "when_cut_off: _", plan_id AS "plan_id: _", created_at, updated_at
           FROM gateways WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn lock(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM gateways WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn list(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Gateway>, sqlx::Error> {
    sqlx::query_as!(
        Gateway,
        r#"SELECT id AS "id: _", kind AS "kind: _", name, slug AS "slug: _", environment AS "environment: _",
             auth_type AS "auth_type: _", max_request_body_bytes, when_cut_off AS "when_cut_off: _", plan_id AS "plan_id: _", created_at, updated_at
           FROM gateways WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, gateway: &Gateway) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE gateways SET name = $3, max_request_body_bytes = $4, updated_at = $5, when_cut_off = $6 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        gateway.id.uuid(),
        gateway.name,
        gateway.max_request_body_bytes,
        gateway.updated_at,
        gateway.when_cut_off.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    // Routes first: they hold their services.
    sqlx::query!(
        "DELETE FROM routes WHERE tenant_id = $1 AND gateway_id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM gateways WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
