use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{GatewayId, ProvisioningFindingId, ProvisioningRunId, SubscriptionId, TenantId};
use uuid::Uuid;

use crate::runs::judge::Difference;
use crate::runs::model::{Finding, Run, RunKind, RunState};

fn uuids(ids: &[SubscriptionId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: ProvisioningRunId,
    kind: RunKind,
    connection_ids: &[GatewayId],
    subscription_ids: Option<&[SubscriptionId]>,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    let subscriptions = subscription_ids.map(uuids);
    let connections: Vec<Uuid> = connection_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "INSERT INTO provisioning_runs (tenant_id, id, kind, state, connection_ids, subscription_ids, scanning, looked, created_at)
         VALUES ($1, $2, $3, 'LOOKING', $4, $5, $3 = 'DRIFT', 0, $6)",
        tx.tenant_id().uuid(),
        id.uuid(),
        kind.as_str(),
        &connections,
        subscriptions.as_deref(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Runs with what came of their findings so far.
pub(crate) async fn list(
    tx: &mut TenantTx,
    id: Option<ProvisioningRunId>,
    connection_id: Option<GatewayId>,
    request: PageRequest,
) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as!(
        Run,
        r#"SELECT r.id AS "id: _", r.kind AS "kind: _", r.state AS "state: _", r.connection_ids AS "connection_ids: _",
             r.subscription_ids AS "subscription_ids: _", r.looked, f.findings AS "findings!", f.differing AS "differing!",
             f.applied AS "applied!", f.acknowledged AS "acknowledged!", f.failing AS "failing!", r.last_error, r.created_at,
             r.looked_at, r.applied_at
           FROM provisioning_runs AS r CROSS JOIN LATERAL (
             SELECT count(*) AS findings, count(*) FILTER (WHERE cardinality(f.actions) > 0) AS differing,
               count(f.generation) AS applied,
               count(*) FILTER (WHERE a.acknowledged_generation >= f.generation) AS acknowledged,
               count(*) FILTER (WHERE a.acknowledged_generation < f.generation AND a.failing_since IS NOT NULL) AS failing
             FROM provisioning_findings AS f
             LEFT JOIN applications AS a ON a.tenant_id = f.tenant_id AND a.connection_id = f.connection_id
               AND a.subscription_id = f.subscription_id
             WHERE f.tenant_id = r.tenant_id AND f.run_id = r.id) AS f
           WHERE r.tenant_id = $1 AND ($2::uuid IS NULL OR r.id = $2) AND ($3::uuid IS NULL OR $3 = ANY(r.connection_ids))
             AND ($4::uuid IS NULL OR r.id < $4)
           ORDER BY r.id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        id.map(ProvisioningRunId::uuid),
        connection_id.map(GatewayId::uuid),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn findings(
    tx: &mut TenantTx,
    id: ProvisioningRunId,
    request: PageRequest,
) -> Result<Vec<Finding>, sqlx::Error> {
    sqlx::query_as!(
        Finding,
        r#"SELECT id AS "id: _", connection_id AS "connection_id: _", subscription_id AS "subscription_id: _", remote_name,
             kind AS "kind: _", actions, detail, generation IS NOT NULL AS "repaired!", found_at
           FROM provisioning_findings WHERE tenant_id = $1 AND run_id = $2 AND ($3::uuid IS NULL OR id < $3)
           ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Holds a run until the end of the transaction.
pub(crate) async fn lock(tx: &mut TenantTx, id: ProvisioningRunId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM provisioning_runs WHERE tenant_id = $1 AND id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

pub(crate) async fn set_state(
    tx: &mut TenantTx,
    id: ProvisioningRunId,
    state: RunState,
    error: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE provisioning_runs SET state = $3, last_error = $4,
           looked_at = CASE WHEN $3 = 'LOOKED' THEN $5 ELSE looked_at END,
           applied_at = CASE WHEN $3 = 'APPLIED' THEN $5 ELSE applied_at END
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        state.as_str(),
        error,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How far a run is.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) kind: RunKind,
    pub(crate) state: RunState,
    pub(crate) connection_ids: Vec<GatewayId>,
    pub(crate) subscription_ids: Option<Vec<SubscriptionId>>,
    pub(crate) scanning: bool,
    pub(crate) scan_cursor: Option<String>,
    pub(crate) after_connection_id: Option<GatewayId>,
    pub(crate) after_subscription_id: Option<SubscriptionId>,
    pub(crate) looked: i32,
}

pub(crate) async fn progress(tx: &mut TenantTx, id: ProvisioningRunId) -> Result<Option<Progress>, sqlx::Error> {
    sqlx::query_as!(
        Progress,
        r#"SELECT kind AS "kind: _", state AS "state: _", connection_ids AS "connection_ids: _",
             subscription_ids AS "subscription_ids: _", scanning, scan_cursor, after_connection_id AS "after_connection_id: _",
             after_subscription_id AS "after_subscription_id: _", looked
           FROM provisioning_runs WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Writes down how far a run is, if nobody else went on with it meanwhile.
pub(crate) async fn advance(
    tx: &mut TenantTx,
    id: ProvisioningRunId,
    before: &Progress,
    after: &Progress,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE provisioning_runs SET scanning = $3, scan_cursor = $4, after_connection_id = $5, after_subscription_id = $6, looked = $7,
           last_error = NULL
         WHERE tenant_id = $1 AND id = $2 AND state = 'LOOKING' AND scanning = $8 AND scan_cursor IS NOT DISTINCT FROM $9
           AND after_connection_id IS NOT DISTINCT FROM $10 AND after_subscription_id IS NOT DISTINCT FROM $11",
        tx.tenant_id().uuid(),
        id.uuid(),
        after.scanning,
        after.scan_cursor,
        after.after_connection_id.map(GatewayId::uuid),
        after.after_subscription_id.map(SubscriptionId::uuid),
        after.looked,
        before.scanning,
        before.scan_cursor,
        before.after_connection_id.map(GatewayId::uuid),
        before.after_subscription_id.map(SubscriptionId::uuid),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Where something was found.
pub(crate) struct Place<'a> {
    pub(crate) run_id: ProvisioningRunId,
    pub(crate) connection_id: GatewayId,
    pub(crate) subscription_id: Option<SubscriptionId>,
    pub(crate) remote_name: Option<&'a str>,
}

pub(crate) async fn insert_finding(
    tx: &mut TenantTx,
    place: &Place<'_>,
    difference: &Difference,
    generation: Option<i64>,
) -> Result<(), sqlx::Error> {
    let (id, now) = (ProvisioningFindingId::mint(tx.clock(), tx.rng()), tx.now());
    sqlx::query!(
        "INSERT INTO provisioning_findings (tenant_id, id, run_id, connection_id, subscription_id, remote_name, kind, actions, detail,
           generation, found_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tx.tenant_id().uuid(),
        id.uuid(),
        place.run_id.uuid(),
        place.connection_id.uuid(),
        place.subscription_id.map(SubscriptionId::uuid),
        place.remote_name,
        difference.kind.as_str(),
        &difference.actions,
        difference.detail,
        generation,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether something was found as not desired before `then` as well, in an earlier run.
pub(crate) async fn was_extra(tx: &mut TenantTx, place: &Place<'_>, then: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM provisioning_findings WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3
             AND kind = 'EXTRA' AND run_id <> $4 AND found_at <= $5) AS "was!""#,
        tx.tenant_id().uuid(),
        place.connection_id.uuid(),
        place.subscription_id.map(SubscriptionId::uuid),
        place.run_id.uuid(),
        then,
    )
    .fetch_one(&mut **tx)
    .await
}

/// What is planned and not handed over yet.
pub(crate) struct Planned {
    pub(crate) id: ProvisioningFindingId,
    pub(crate) connection_id: GatewayId,
    pub(crate) subscription_id: SubscriptionId,
}

pub(crate) async fn planned(tx: &mut TenantTx, id: ProvisioningRunId, most: i64) -> Result<Vec<Planned>, sqlx::Error> {
    sqlx::query_as!(
        Planned,
        r#"SELECT id AS "id: _", connection_id AS "connection_id: _", subscription_id AS "subscription_id!: _"
           FROM provisioning_findings
           WHERE tenant_id = $1 AND run_id = $2 AND generation IS NULL AND cardinality(actions) > 0 AND subscription_id IS NOT NULL
           ORDER BY connection_id, subscription_id LIMIT $3"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn note_repair(
    tx: &mut TenantTx,
    id: ProvisioningFindingId,
    generation: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE provisioning_findings SET generation = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        generation,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Connections that are in use and that no run for drift that began after `since` looks at now; every tenant's.
pub(crate) async fn to_scan(
    tx: &mut SystemTx,
    most: i64,
    since: DateTime<Utc>,
) -> Result<Vec<(TenantId, GatewayId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id AS "tenant_id: TenantId", c.id AS "id: GatewayId" FROM connections AS c
           WHERE c.state = 'CONNECTED' AND NOT EXISTS (
             SELECT FROM provisioning_runs AS r WHERE r.tenant_id = c.tenant_id AND r.kind = 'DRIFT' AND r.state = 'LOOKING'
               AND c.id = ANY(r.connection_ids) AND r.created_at > $2)
           ORDER BY c.tenant_id, c.id LIMIT $1"#,
        most,
        since,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.id)).collect())
}

/// Forgets runs that were begun before `then`, with their findings.
pub(crate) async fn forget(tx: &mut SystemTx, then: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM provisioning_runs WHERE created_at < $1", then)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
