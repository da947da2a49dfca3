use chrono::{DateTime, Utc};
use gatewright_connectors::model::AdoptedKey;
use gatewright_database::TenantTx;
use gatewright_types::ids::{GatewayId, KeyId, PlanId, SubscriptionId};

use crate::model::ApplicationKey;

/// What became of a consumer that was there before us.
pub(crate) struct Adoption<'a> {
    pub(crate) connection_id: GatewayId,
    pub(crate) remote_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) subscription_id: SubscriptionId,
}

/// Notes that a consumer was adopted; false where it was before.
pub(crate) async fn insert(tx: &mut TenantTx, adoption: &Adoption<'_>) -> Result<bool, sqlx::Error> {
    let now = tx.now();
    let inserted = sqlx::query!(
        "INSERT INTO adoptions (tenant_id, connection_id, remote_id, name, subscription_id, adopted_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        tx.tenant_id().uuid(),
        adoption.connection_id.uuid(),
        adoption.remote_id,
        adoption.name,
        adoption.subscription_id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Which of these consumers were adopted, and as what.
pub(crate) async fn known(
    tx: &mut TenantTx,
    connection_id: GatewayId,
    remote_ids: &[String],
) -> Result<Vec<(String, SubscriptionId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT remote_id, subscription_id AS "subscription_id: SubscriptionId" FROM adoptions
           WHERE tenant_id = $1 AND connection_id = $2 AND remote_id = ANY($3)"#,
        tx.tenant_id().uuid(),
        connection_id.uuid(),
        remote_ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.remote_id, row.subscription_id))
        .collect())
}

/// What each plan on sale would let its customers call on a gateway; plans that have nothing there are left out.
pub(crate) async fn plans(
    tx: &mut TenantTx,
    connection_id: GatewayId,
) -> Result<Vec<(PlanId, String, Vec<String>)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT p.id AS "id: PlanId", p.name, array_agg(DISTINCT s.item) AS "scope!"
           FROM plans AS p
           JOIN plan_version_products AS v ON v.tenant_id = p.tenant_id AND v.plan_id = p.id AND v.version = p.current_version
           JOIN products AS o ON o.tenant_id = v.tenant_id AND o.id = v.product_id AND o.orchestrated
           JOIN product_mappings AS m ON m.tenant_id = v.tenant_id AND m.product_id = v.product_id AND m.connection_id = $2
           CROSS JOIN LATERAL unnest(m.scope) AS s (item)
           WHERE p.tenant_id = $1 AND p.kind = 'CATALOG'
           GROUP BY p.id, p.name ORDER BY p.name, p.id"#,
        tx.tenant_id().uuid(),
        connection_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name, row.scope)).collect())
}

/// Notes the key that one of ours takes the place of, and that the application has such keys.
pub(crate) async fn insert_key(
    tx: &mut TenantTx,
    application: ApplicationKey,
    key_id: KeyId,
    key: &AdoptedKey,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH noted AS (
           UPDATE applications SET adopts = true WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $4
         )
         INSERT INTO adopted_keys (tenant_id, connection_id, key_id, subscription_id, consumer_id, remote_id, fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant_id().uuid(),
        application.connection_id.uuid(),
        key_id.uuid(),
        application.subscription_id.uuid(),
        key.consumer_id,
        key.remote_id,
        key.fingerprint.as_ref().map(|bytes| &bytes[..]),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The keys of an application that are still under their old consumer.
pub(crate) async fn unreleased(
    tx: &mut TenantTx,
    application: ApplicationKey,
) -> Result<Vec<(KeyId, AdoptedKey)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT key_id AS "key_id: KeyId", consumer_id, remote_id, fingerprint FROM adopted_keys
           WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3 AND released_at IS NULL ORDER BY key_id"#,
        tx.tenant_id().uuid(),
        application.connection_id.uuid(),
        application.subscription_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let keys = rows.into_iter().map(|row| {
        let key = AdoptedKey {
            consumer_id: row.consumer_id,
            remote_id: row.remote_id,
            fingerprint: row.fingerprint.and_then(|bytes| bytes.try_into().ok()),
        };
        (row.key_id, key)
    });
    Ok(keys.collect())
}

/// A key is gone from under its old consumer.
pub(crate) async fn released(
    tx: &mut TenantTx,
    application: ApplicationKey,
    key_id: KeyId,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE adopted_keys SET released_at = $4 WHERE tenant_id = $1 AND connection_id = $2 AND key_id = $3",
        tx.tenant_id().uuid(),
        application.connection_id.uuid(),
        key_id.uuid(),
        at,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE applications SET adopts = false WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3
           AND NOT EXISTS (SELECT FROM adopted_keys AS k WHERE k.tenant_id = $1 AND k.connection_id = $2 AND k.subscription_id = $3
             AND k.released_at IS NULL)",
        tx.tenant_id().uuid(),
        application.connection_id.uuid(),
        application.subscription_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
