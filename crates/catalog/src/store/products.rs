use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, ProductId};
use uuid::Uuid;

use crate::model::{Contract, Product};

pub(crate) async fn insert(tx: &mut TenantTx, product: &Product) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO products (tenant_id, id, kind, name, slug, description, orchestrated, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        tx.tenant_id().uuid(),
        product.id.uuid(),
        product.kind.as_str(),
        product.name,
        product.slug.as_str(),
        product.description,
        product.orchestrated,
        product.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: ProductId) -> Result<Option<Product>, sqlx::Error> {
    sqlx::query_as!(
        Product,
        r#"SELECT id AS "id: _", kind AS "kind: _", name, slug AS "slug: _", description, orchestrated,
             contract_format AS "contract_format: _", created_at, updated_at
           FROM products WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Product>, sqlx::Error> {
    sqlx::query_as!(
        Product,
        r#"SELECT id AS "id: _", kind AS "kind: _", name, slug AS "slug: _", description, orchestrated,
             contract_format AS "contract_format: _", created_at, updated_at
           FROM products WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Those that plans for everybody cover, or that the customer's subscriptions do.
pub(crate) async fn list_for_customer(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    page: PageRequest,
) -> Result<Vec<Product>, sqlx::Error> {
    sqlx::query_as!(
        Product,
        r#"SELECT id AS "id: _", kind AS "kind: _", name, slug AS "slug: _", description, orchestrated,
             contract_format AS "contract_format: _", created_at, updated_at
           FROM products AS product WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) AND (
             EXISTS (SELECT FROM plans AS p
                     JOIN plan_version_products AS c ON c.tenant_id = p.tenant_id AND c.plan_id = p.id AND c.version = p.current_version
                     WHERE p.tenant_id = $1 AND p.self_service AND c.product_id = product.id)
             OR EXISTS (SELECT FROM subscriptions AS s
                     JOIN plan_version_products AS c ON c.tenant_id = s.tenant_id AND c.plan_id = s.plan_id AND c.version = s.plan_version
                     WHERE s.tenant_id = $1 AND s.customer_id = $4 AND s.state NOT IN ('EXPIRED', 'CANCELLED')
                       AND c.product_id = product.id))
           ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        page.after,
        page.probe(),
        customer_id.map(CustomerId::uuid),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, product: &Product) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE products SET name = $3, description = $4, orchestrated = $5, updated_at = $6 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        product.id.uuid(),
        product.name,
        product.description,
        product.orchestrated,
        product.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn put_contract(tx: &mut TenantTx, id: ProductId, contract: &Contract) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE products SET contract_format = $3, contract = $4, updated_at = $5 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        contract.format.as_str(),
        contract.document,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn contract(tx: &mut TenantTx, id: ProductId) -> Result<Option<Contract>, sqlx::Error> {
    sqlx::query_as!(
        Contract,
        r#"SELECT contract_format AS "format!: _", contract AS "document!"
           FROM products WHERE tenant_id = $1 AND id = $2 AND contract IS NOT NULL"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn existing(tx: &mut TenantTx, ids: &[ProductId]) -> Result<Vec<ProductId>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar!(
        r#"SELECT id AS "id: ProductId" FROM products WHERE tenant_id = $1 AND id = ANY($2)"#,
        tx.tenant_id().uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Holds the row until the end of the transaction, so that two changes come one after the other.
pub(crate) async fn lock(tx: &mut TenantTx, id: ProductId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM products WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}
