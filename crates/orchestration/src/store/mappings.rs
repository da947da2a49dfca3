use gatewright_connectors::choice::{Layout, Rotation};
use gatewright_database::TenantTx;
use gatewright_types::ids::{GatewayId, ProductId};
use uuid::Uuid;

use crate::model::ProductMapping;

pub(crate) async fn put(tx: &mut TenantTx, mapping: &ProductMapping) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO product_mappings (tenant_id, connection_id, product_id, scope, accepted_open, warnings, created_at, updated_at,
           layout, rotation, public_url, credential_header)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (tenant_id, connection_id, product_id) DO UPDATE SET scope = $4, accepted_open = $5, warnings = $6, updated_at = $8,
           layout = $9, rotation = $10, public_url = $11, credential_header = $12",
        tx.tenant_id().uuid(),
        mapping.gateway_id.uuid(),
        mapping.product_id.uuid(),
        &mapping.scope,
        &mapping.accepted_open,
        &mapping.warnings,
        mapping.created_at,
        mapping.updated_at,
        mapping.layout.map(Layout::as_str),
        mapping.rotation.map(Rotation::as_str),
        mapping.public_url,
        mapping.credential_header,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    product_id: ProductId,
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "DELETE FROM product_mappings WHERE tenant_id = $1 AND connection_id = $2 AND product_id = $3",
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
        product_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Those of a connection; all of a tenant's products at most.
pub(crate) async fn of_connection(tx: &mut TenantTx, id: GatewayId) -> Result<Vec<ProductMapping>, sqlx::Error> {
    select(tx, Some(id), None).await
}

/// Those of these products, on every connection.
pub(crate) async fn of_products(tx: &mut TenantTx, ids: &[ProductId]) -> Result<Vec<ProductMapping>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    select(tx, None, Some(&ids)).await
}

async fn select(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    products: Option<&[Uuid]>,
) -> Result<Vec<ProductMapping>, sqlx::Error> {
    sqlx::query_as!(
        ProductMapping,
        r#"SELECT connection_id AS "gateway_id: _", product_id AS "product_id: _", scope, accepted_open, warnings, created_at, updated_at,
             layout AS "layout: _", rotation AS "rotation: _", public_url, credential_header
           FROM product_mappings
           WHERE tenant_id = $1 AND ($2::uuid IS NULL OR connection_id = $2) AND ($3::uuid[] IS NULL OR product_id = ANY($3))
           ORDER BY connection_id, product_id"#,
        tx.tenant_id().uuid(),
        connection_id.map(GatewayId::uuid),
        products,
    )
    .fetch_all(&mut **tx)
    .await
}
