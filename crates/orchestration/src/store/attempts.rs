use gatewright_database::TenantTx;
use gatewright_types::ids::GatewayId;
use uuid::Uuid;

use crate::converge::AttemptRow;

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
    let subscriptions: Vec<Option<Uuid>> = rows.iter().map(|row| row.subscription_id.map(|id| id.uuid())).collect();
    let numbers: Vec<Option<i32>> = rows.iter().map(|row| row.number).collect();
    let operations: Vec<String> = rows.iter().map(|row| row.operation.to_owned()).collect();
    let faults: Vec<Option<String>> = rows.iter().map(|row| row.fault.map(str::to_owned)).collect();
    let messages: Vec<Option<String>> = rows.iter().map(|row| row.message.clone()).collect();
    let statuses: Vec<Option<i16>> = rows.iter().map(|row| row.status).collect();
    let attempts: Vec<i32> = rows.iter().map(|row| row.attempt).collect();
    let durations: Vec<f64> = rows.iter().map(|row| row.duration_ms).collect();
    let times: Vec<_> = rows.iter().map(|row| row.attempted_at).collect();
    let request_id = rows[0].request_id.map(|id| id.uuid());
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
