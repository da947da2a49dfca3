use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{DeliveryId, EventId, WebhookEndpointId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::model::{Attempt, AttemptTimings, DeliveryState};

/// A delivery without its attempts.
pub(crate) struct Row {
    pub(crate) id: DeliveryId,
    pub(crate) endpoint_id: WebhookEndpointId,
    pub(crate) event_id: EventId,
    pub(crate) event_type: String,
    pub(crate) payload: String,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: i32,
    pub(crate) attempts_of_round: i32,
    pub(crate) next_attempt_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

pub(crate) async fn insert(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_deliveries (tenant_id, id, endpoint_id, event_id, event_type, payload, state, attempts, attempts_of_round, next_attempt_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9)",
        tx.tenant_id().uuid(),
        row.id.uuid(),
        row.endpoint_id.uuid(),
        row.event_id.uuid(),
        row.event_type,
        row.payload,
        row.state.as_str(),
        row.next_attempt_at,
        row.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn find(tx: &mut TenantTx, id: DeliveryId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", endpoint_id AS "endpoint_id: _", event_id AS "event_id: _", event_type, payload, state AS "state: _",
             attempts, attempts_of_round, next_attempt_at, created_at, ended_at
           FROM webhook_deliveries WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same, held until the end of the transaction.
pub(crate) async fn hold(tx: &mut TenantTx, id: DeliveryId) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", endpoint_id AS "endpoint_id: _", event_id AS "event_id: _", event_type, payload, state AS "state: _",
             attempts, attempts_of_round, next_attempt_at, created_at, ended_at
           FROM webhook_deliveries WHERE tenant_id = $1 AND id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    state: Option<DeliveryState>,
    page: PageRequest,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", endpoint_id AS "endpoint_id: _", event_id AS "event_id: _", event_type, '' AS "payload!", state AS "state: _",
             attempts, attempts_of_round, next_attempt_at, created_at, ended_at
           FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = $2 AND ($3::text IS NULL OR state = $3)
             AND ($4::uuid IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        endpoint_id.uuid(),
        state.map(DeliveryState::as_str),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Those that failed since a time, oldest first, held until the end of the transaction.
pub(crate) async fn failed_since(
    tx: &mut TenantTx,
    endpoint_id: WebhookEndpointId,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: _", endpoint_id AS "endpoint_id: _", event_id AS "event_id: _", event_type, '' AS "payload!", state AS "state: _",
             attempts, attempts_of_round, next_attempt_at, created_at, ended_at
           FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'FAILED' AND ended_at >= $3
           ORDER BY id LIMIT $4 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        endpoint_id.uuid(),
        since,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Writes where a delivery stands.
pub(crate) async fn update(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_deliveries SET state = $3, attempts = $4, attempts_of_round = $5, next_attempt_at = $6, ended_at = $7
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        row.id.uuid(),
        row.state.as_str(),
        row.attempts,
        row.attempts_of_round,
        row.next_attempt_at,
        row.ended_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert_attempt(tx: &mut TenantTx, id: DeliveryId, attempt: &Attempt) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_attempts (tenant_id, delivery_id, number, started_at, duration_ms, status, error, timings, answer, answer_cut)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tx.tenant_id().uuid(),
        id.uuid(),
        attempt.number,
        attempt.started_at,
        attempt.duration_ms,
        attempt.status,
        attempt.error,
        attempt.timings.map(Json) as _,
        attempt.answer,
        attempt.answer_cut,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct AttemptRow {
    delivery_id: Uuid,
    number: i32,
    started_at: DateTime<Utc>,
    duration_ms: f64,
    status: Option<i16>,
    error: Option<String>,
    timings: Option<Json<AttemptTimings>>,
    answer: Option<String>,
    answer_cut: bool,
}

/// The attempts of these deliveries, first to last; their answers only on demand, since they are long.
pub(crate) async fn attempts(
    tx: &mut TenantTx,
    ids: &[Uuid],
    with_answers: bool,
) -> Result<Vec<(DeliveryId, Attempt)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        AttemptRow,
        r#"SELECT delivery_id, number, started_at, duration_ms, status, error, timings AS "timings: Json<AttemptTimings>",
             CASE WHEN $3 THEN answer END AS answer, answer_cut
           FROM webhook_attempts WHERE tenant_id = $1 AND delivery_id = ANY($2) ORDER BY delivery_id, number"#,
        tx.tenant_id().uuid(),
        ids,
        with_answers,
    )
    .fetch_all(&mut **tx)
    .await?;
    let attempt = |row: AttemptRow| {
        let attempt = Attempt {
            number: row.number,
            started_at: row.started_at,
            duration_ms: row.duration_ms,
            status: row.status,
            error: row.error,
            timings: row.timings.map(|timings| timings.0),
            answer: row.answer,
            answer_cut: row.answer_cut,
        };
        (DeliveryId::from_uuid(row.delivery_id), attempt)
    };
    Ok(rows.into_iter().map(attempt).collect())
}
