use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::{DeveloperId, PlaygroundRunId};
use serde_json::Value;

use super::limits::{RUNS_MAX, RUNS_OF_OPERATION_MAX};
use super::model::{PlaygroundRun, Source};

/// Adds a run, and takes away what is too much of its developer.
pub(super) async fn insert(
    tx: &mut TenantTx,
    developer_id: DeveloperId,
    run: &PlaygroundRun,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO playground_runs (tenant_id, id, developer_id, reference, operation, gateway_id, key_id, given, request, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tx.tenant_id().uuid(),
        run.id.uuid(),
        developer_id.uuid(),
        run.reference,
        run.operation,
        run.gateway_id.uuid(),
        run.key_id.map(gatewright_types::ids::KeyId::uuid),
        run.values.as_ref().map(json),
        json(&run.request),
        run.at,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM playground_runs WHERE tenant_id = $1 AND id IN (
           SELECT id FROM (
             SELECT id, row_number() OVER (ORDER BY id DESC) AS place,
               row_number() OVER (PARTITION BY reference, operation ORDER BY id DESC) AS place_of_operation
             FROM playground_runs WHERE tenant_id = $1 AND developer_id = $2
           ) AS placed WHERE place > $3 OR place_of_operation > $4)",
        tx.tenant_id().uuid(),
        developer_id.uuid(),
        RUNS_MAX,
        RUNS_OF_OPERATION_MAX,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes down what came of a run.
pub(super) async fn finish(tx: &mut TenantTx, run: &PlaygroundRun) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE playground_runs SET answer = $3, timings = $4, failure = $5 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        run.id.uuid(),
        run.answer.as_ref().map(json),
        run.timings.as_ref().map(json),
        run.failure.as_ref().map(json),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest runs of a developer, of one operation or of all.
pub(super) async fn list(
    tx: &mut TenantTx,
    developer_id: DeveloperId,
    (reference, operation): (Option<&str>, Option<&str>),
) -> Result<Vec<PlaygroundRun>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: PlaygroundRunId", reference, operation, gateway_id AS "gateway_id: gatewright_types::ids::GatewayId",
             key_id AS "key_id: gatewright_types::ids::KeyId", given, request, answer, timings, failure, created_at
           FROM playground_runs
           WHERE tenant_id = $1 AND developer_id = $2 AND ($3::text IS NULL OR reference = $3) AND ($4::text IS NULL OR operation = $4)
           ORDER BY id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        developer_id.uuid(),
        reference,
        operation,
        RUNS_MAX,
    )
    .fetch_all(&mut **tx)
    .await?;
    // A row that an older program wrote in another form is left out rather than in the way.
    let runs = rows.into_iter().filter_map(|row| {
        Some(PlaygroundRun {
            id: row.id,
            at: row.created_at,
            reference: row.reference,
            operation: row.operation,
            gateway_id: row.gateway_id,
            key_id: row.key_id,
            source: Source::Playground,
            values: read(row.given)?,
            request: serde_json::from_value(row.request).ok()?,
            answer: read(row.answer)?,
            timings: read(row.timings)?,
            failure: read(row.failure)?,
        })
    });
    Ok(runs.collect())
}

/// Forgets a developer's runs.
pub(super) async fn delete(tx: &mut TenantTx, developer_id: DeveloperId) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM playground_runs WHERE tenant_id = $1 AND developer_id = $2",
        tx.tenant_id().uuid(),
        developer_id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected())
}

/// Forgets runs that were made before a time, of every tenant.
pub(super) async fn forget(tx: &mut SystemTx, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!("DELETE FROM playground_runs WHERE created_at < $1", before)
        .execute(&mut **tx)
        .await?;
    Ok(result.rows_affected())
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Outside: whether it could be read; inside: whether it is there.
fn read<T: serde::de::DeserializeOwned>(value: Option<Value>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(value) => serde_json::from_value(value).ok().map(Some),
    }
}
