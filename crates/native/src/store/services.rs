use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{GatewayId, ServiceId};

use crate::model::Service;

pub(crate) async fn insert(tx: &mut TenantTx, service: &Service) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO services (tenant_id, id, gateway_id, name, target_url, ca_pem, connect_timeout_ms, response_timeout_ms, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        tx.tenant_id().uuid(),
        service.id.uuid(),
        service.gateway_id.uuid(),
        service.name,
        service.target_url,
        service.ca_pem,
        service.connect_timeout_ms,
        service.response_timeout_ms,
        service.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx, gateway_id: GatewayId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM services WHERE tenant_id = $1 AND gateway_id = $2"#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: ServiceId) -> Result<Option<Service>, sqlx::Error> {
    sqlx::query_as!(
        Service,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", name, target_url, ca_pem, connect_timeout_ms, response_timeout_ms,
             created_at, updated_at
           FROM services WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    page: PageRequest,
) -> Result<Vec<Service>, sqlx::Error> {
    sqlx::query_as!(
        Service,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", name, target_url, ca_pem, connect_timeout_ms, response_timeout_ms,
             created_at, updated_at
           FROM services WHERE tenant_id = $1 AND gateway_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, service: &Service) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE services SET name = $3, target_url = $4, ca_pem = $5, connect_timeout_ms = $6, response_timeout_ms = $7, updated_at = $8
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        service.id.uuid(),
        service.name,
        service.target_url,
        service.ca_pem,
        service.connect_timeout_ms,
        service.response_timeout_ms,
        service.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: ServiceId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM services WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
