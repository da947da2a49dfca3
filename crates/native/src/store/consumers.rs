use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{ConsumerId, GatewayId, SubscriptionId};

use crate::model::Consumer;

pub(crate) async fn insert(tx: &mut TenantTx, consumer: &Consumer) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO api_consumers (tenant_id, id, gateway_id, kind, name, customer_id, subscription_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        tx.tenant_id().uuid(),
        consumer.id.uuid(),
        consumer.gateway_id.uuid(),
        consumer.kind.as_str(),
        consumer.name,
        consumer.customer_id.uuid(),
        consumer.subscription_id.uuid(),
        consumer.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn exist(tx: &mut TenantTx, gateway_id: GatewayId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM api_consumers WHERE tenant_id = $1 AND gateway_id = $2) AS "exists!""#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: ConsumerId) -> Result<Option<Consumer>, sqlx::Error> {
    sqlx::query_as!(
        Consumer,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", kind AS "kind: _", name, customer_id AS "customer_id: _",
             subscription_id AS "subscription_id: _", created_at
           FROM api_consumers WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The gateway and consumer behind an implicit subscription.
pub(crate) async fn of_subscription(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
) -> Result<Option<(GatewayId, ConsumerId)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT gateway_id AS "gateway_id: GatewayId", id AS "id: ConsumerId"
           FROM api_consumers WHERE tenant_id = $1 AND subscription_id = $2"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.gateway_id, row.id)))
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    page: PageRequest,
) -> Result<Vec<Consumer>, sqlx::Error> {
    sqlx::query_as!(
        Consumer,
        r#"SELECT id AS "id: _", gateway_id AS "gateway_id: _", kind AS "kind: _", name, customer_id AS "customer_id: _",
             subscription_id AS "subscription_id: _", created_at
           FROM api_consumers WHERE tenant_id = $1 AND gateway_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        gateway_id.uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn delete(tx: &mut TenantTx, id: ConsumerId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM api_consumers WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
