use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{GatewayId, ProductId, RouteId, ServiceId};

use uuid::Uuid;

use crate::model::Route;
use crate::routes::Easiest;

pub(crate) async fn insert(tx: &mut TenantTx, route: &Route) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO routes (tenant_id, id, gateway_id, service_id, method, public_path, target_path, access, product_id, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)",
        tx.tenant_id().uuid(),
        route.id.uuid(),
        route.gateway_id.uuid(),
        route.service_id.uuid(),
        route.method,
        route.public_path,
        route.target_path,
        route.access.as_str(),
        route.product_id.map(ProductId::uuid),
        route.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn count(tx: &mut TenantTx, gateway_id: GatewayId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM routes WHERE tenant_id = $1 AND gateway_id = $2"#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn exist_to(tx: &mut TenantTx, service_id: ServiceId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM routes WHERE tenant_id = $1 AND service_id = $2) AS "exists!""#,
        tx.tenant_id().uuid(),
        service_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: RouteId) -> Result<Option<Route>, sqlx::Error> {
    sqlx::query_as!(
        Route,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", service_id AS "service_id: _", method, public_path, target_path,
             access AS "access: _", product_id AS "product_id: _", created_at, updated_at
           FROM routes WHERE tenant_id = $1 AND id = $2"#,
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
) -> Result<Vec<Route>, sqlx::Error> {
    sqlx::query_as!(
        Route,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", service_id AS "service_id: _", method, public_path, target_path,
             access AS "access: _", product_id AS "product_id: _", created_at, updated_at
           FROM routes WHERE tenant_id = $1 AND gateway_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, route: &Route) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE routes SET service_id = $3, method = $4, public_path = $5, target_path = $6, access = $7, product_id = $8, updated_at = $9
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        route.id.uuid(),
        route.service_id.uuid(),
        route.method,
        route.public_path,
        route.target_path,
        route.access.as_str(),
        route.product_id.map(ProductId::uuid),
        route.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: RouteId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM routes WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Of each gateway the SECURE route of these products that is called most easily: without parameters, by GET.
pub(crate) async fn easiest(tx: &mut TenantTx, products: &[ProductId]) -> Result<Vec<Easiest>, sqlx::Error> {
    let products: Vec<Uuid> = products.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Easiest,
        r#"SELECT DISTINCT ON (gateway_id) gateway_id AS "gateway_id: _", method, public_path
           FROM routes WHERE tenant_id = $1 AND access = 'SECURE' AND product_id = ANY($2)
           ORDER BY gateway_id, position('{' IN public_path) > 0, method <> 'GET', public_path"#,
        tx.tenant_id().uuid(),
        &products,
    )
    .fetch_all(&mut **tx)
    .await
}
