use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;
use gatewright_types::ids::{EventId, TenantId, WebhookEndpointId};
use serde_json::Value;
use uuid::Uuid;

/// An event that was handed to nobody yet.
pub(crate) struct Event {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: EventId,
    pub(crate) occurred_at: DateTime<Utc>,
    pub(crate) domain: String,
    pub(crate) name: String,
    pub(crate) resource_id: String,
    pub(crate) payload: Value,
}

/// Somebody who wants events.
pub(crate) struct Listener {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: WebhookEndpointId,
    pub(crate) event_types: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Some events that wait, oldest first, held until the end of the transaction; what others hold is passed over.
pub(crate) async fn take_waiting(tx: &mut SystemTx, limit: i64) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as!(
        Event,
        r#"SELECT tenant_id AS "tenant_id: _", id AS "id: _", occurred_at, domain, name, resource_id, payload
           FROM outbox_events WHERE NOT fanned_out ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED"#,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Who listens in these tenants. They cannot be deleted before the end of the transaction.
pub(crate) async fn listeners(tx: &mut SystemTx, tenant_ids: &[Uuid]) -> Result<Vec<Listener>, sqlx::Error> {
    sqlx::query_as!(
        Listener,
        r#"SELECT tenant_id AS "tenant_id: _", id AS "id: _", event_types, created_at
           FROM webhook_endpoints WHERE tenant_id = ANY($1) AND state = 'ENABLED' ORDER BY tenant_id, id FOR KEY SHARE"#,
        tenant_ids,
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is written of a new delivery.
#[derive(Default)]
pub(crate) struct NewDeliveries {
    pub(crate) tenant_ids: Vec<Uuid>,
    pub(crate) ids: Vec<Uuid>,
    pub(crate) endpoint_ids: Vec<Uuid>,
    pub(crate) event_ids: Vec<Uuid>,
    pub(crate) event_types: Vec<String>,
    pub(crate) payloads: Vec<String>,
}

pub(crate) async fn insert_deliveries(
    tx: &mut SystemTx,
    new: &NewDeliveries,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, payload, state, attempts, attempts_of_round, next_attempt_at, created_at)
         SELECT tenant_id, id, endpoint_id, event_id, event_type, payload, 'PENDING', 0, 0, $7, $7
         FROM UNNEST($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[])
           AS new (tenant_id, id, endpoint_id, event_id, event_type, payload)",
        &new.tenant_ids,
        &new.ids,
        &new.endpoint_ids,
        &new.event_ids,
        &new.event_types,
        &new.payloads,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn mark_fanned_out(tx: &mut SystemTx, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE outbox_events SET fanned_out = true WHERE id = ANY($1) AND NOT fanned_out",
        ids
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes up to `limit` deliveries that ended before `before`, with their attempts.
pub(crate) async fn remove_ended(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM webhook_deliveries WHERE (tenant_id, id) IN (
           SELECT tenant_id, id FROM webhook_deliveries WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected())
}

/// Removes the secrets that sign no more.
pub(crate) async fn remove_ended_secrets(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!("DELETE FROM webhook_secrets WHERE signs_until <= $1", now)
        .execute(&mut **tx)
        .await?;
    Ok(result.rows_affected())
}
