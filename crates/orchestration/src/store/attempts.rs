use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{GatewayId, RequestId, SubscriptionId};
use uuid::Uuid;

use crate::converge::AttemptRow;
use crate::history::{Attempt, AttemptFilter, AttemptOutcome};

/// Adds what was tried; one statement.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    connection_id: GatewayId,
    rows: &[AttemptRow],
) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let subscriptions: Vec<Option<Uuid>> = rows
        .iter()
        .map(|row| row.subscription_id.map(SubscriptionId::uuid))
        .collect();
    let numbers: Vec<Option<i32>> = rows.iter().map(|row| row.number).collect();
    let operations: Vec<String> = rows.iter().map(|row| row.operation.to_owned()).collect();
    let faults: Vec<Option<String>> = rows.iter().map(|row| row.fault.map(str::to_owned)).collect();
    let messages: Vec<Option<String>> = rows.iter().map(|row| row.message.clone()).collect();
    let statuses: Vec<Option<i16>> = rows.iter().map(|row| row.status).collect();
    let attempts: Vec<i32> = rows.iter().map(|row| row.attempt).collect();
    let durations: Vec<f64> = rows.iter().map(|row| row.duration_ms).collect();
    let times: Vec<_> = rows.iter().map(|row| row.attempted_at).collect();
    let request_id = rows[0].request_id.map(RequestId::uuid);
    sqlx::query!(
        "INSERT INTO provisioning_attempts (tenant_id, id, connection_id, subscription_id, number, operation, outcome, fault, message,
           status, attempt, duration_ms, request_id, attempted_at)
         SELECT $1, id, $2, subscription_id, number, operation, CASE WHEN fault IS NULL THEN 'SUCCEEDED' ELSE 'FAILED' END, fault, message,
           status, attempt, duration_ms, $3, attempted_at
         FROM unnest($4::uuid[], $5::uuid[], $6::integer[], $7::text[], $8::text[], $9::text[], $10::smallint[], $11::integer[],
           $12::double precision[], $13::timestamptz[])
           AS t (id, subscription_id, number, operation, fault, message, status, attempt, duration_ms, attempted_at)",
        tx.tenant_id().uuid(),
        connection_id.uuid(),
        request_id,
        &ids,
        &subscriptions as &[Option<Uuid>],
        &numbers as &[Option<i32>],
        &operations,
        &faults as &[Option<String>],
        &messages as &[Option<String>],
        &statuses as &[Option<i16>],
        &attempts,
        &durations,
        &times,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A page of attempts, newest first.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &AttemptFilter,
    request: PageRequest,
) -> Result<Vec<Attempt>, sqlx::Error> {
    let (floor, ceiling) = filter.id_bounds();
    let before = request.after.map_or(ceiling, |after| after.min(ceiling));
    // Planned anew each time: which index serves depends on which filters there are.
    sqlx::query!("SET LOCAL plan_cache_mode = force_custom_plan")
        .execute(&mut **tx)
        .await?;
    sqlx::query_as!(
        Attempt,
        r#"SELECT a.id AS "id: _", a.attempted_at, a.connection_id AS "gateway_id: _", c.name AS gateway_name,
             a.subscription_id AS "subscription_id: _", a.number, a.operation, a.outcome AS "outcome: _", a.fault, a.message AS error,
             a.status, a.attempt, a.duration_ms, a.request_id AS "request_id: _"
           FROM provisioning_attempts AS a JOIN connections AS c ON c.tenant_id = a.tenant_id AND c.id = a.connection_id
           WHERE a.tenant_id = $1 AND a.id >= $2 AND a.id < $3
             AND ($4::uuid IS NULL OR a.connection_id = $4) AND ($5::uuid IS NULL OR a.subscription_id = $5)
             AND ($6::text IS NULL OR a.operation = $6) AND ($7::text IS NULL OR a.outcome = $7)
             AND ($8::timestamptz IS NULL OR a.attempted_at >= $8) AND ($9::timestamptz IS NULL OR a.attempted_at < $9)
           ORDER BY a.id DESC LIMIT $10"#,
        tx.tenant_id().uuid(),
        floor,
        before,
        filter.connection_id.map(GatewayId::uuid),
        filter.subscription_id.map(SubscriptionId::uuid),
        filter.operation,
        filter.outcome.map(AttemptOutcome::as_str),
        filter.since,
        filter.until,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Removes attempts before `before`.
pub(crate) async fn forget(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query!(
        "DELETE FROM provisioning_attempts
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM provisioning_attempts WHERE attempted_at < $1 LIMIT $2))",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected())
}
