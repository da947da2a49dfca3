use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::CustomerId;

use crate::model::{Customer, CustomerKind};

pub(crate) async fn insert(tx: &mut TenantTx, kind: CustomerKind, customer: &Customer) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO customers (tenant_id, id, kind, name, email, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
        tx.tenant_id().uuid(),
        customer.id.uuid(),
        kind.as_str(),
        customer.name,
        customer.email,
        customer.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: CustomerId) -> Result<Option<Customer>, sqlx::Error> {
    sqlx::query_as!(
        Customer,
        r#"SELECT id AS "id: _", name, email, suspended_at, suspension_reason, created_at, updated_at
           FROM customers WHERE tenant_id = $1 AND id = $2 AND kind = 'ORGANIZATION' AND deleted_at IS NULL"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Customer>, sqlx::Error> {
    sqlx::query_as!(
        Customer,
        r#"SELECT id AS "id: _", name, email, suspended_at, suspension_reason, created_at, updated_at FROM customers
           WHERE tenant_id = $1 AND kind = 'ORGANIZATION' AND deleted_at IS NULL AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, customer: &Customer) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE customers SET name = $3, email = $4, updated_at = $5, suspended_at = $6, suspension_reason = $7 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        customer.id.uuid(),
        customer.name,
        customer.email,
        customer.updated_at,
        customer.suspended_at,
        customer.suspension_reason,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Holds the row until the end of the transaction, so that two changes come one after the other.
pub(crate) async fn lock(tx: &mut TenantTx, id: CustomerId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "SELECT id FROM customers WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a customer out of every list.
pub(crate) async fn delete(tx: &mut TenantTx, id: CustomerId) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE customers SET deleted_at = $3, updated_at = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a customer is suspended as a whole; of one behind an API consumer as well.
pub(crate) async fn is_suspended(tx: &mut TenantTx, id: CustomerId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM customers WHERE tenant_id = $1 AND id = $2 AND suspended_at IS NOT NULL) AS "is!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}
