use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{PageRequest, SystemTx, TenantTx};
use gatewright_types::ids::{GatewayId, TenantId};
use uuid::Uuid;

use crate::breaker::Breaker;
use crate::history::BreakerChange;

/// A new connection's.
pub(crate) async fn insert(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO connection_health (tenant_id, connection_id, breaker, failures, updated_at)
         VALUES ($1, $2, 'CLOSED', 0, $3)",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The breaker.
pub(crate) async fn find(tx: &mut TenantTx, id: GatewayId) -> Result<Breaker, sqlx::Error> {
    let breaker = sqlx::query_as!(
        Breaker,
        r#"SELECT breaker AS "state: _", failures, retry_at FROM connection_health WHERE tenant_id = $1 AND connection_id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(breaker.unwrap_or_default())
}

/// The breaker, held until the end of the transaction.
pub(crate) async fn hold(tx: &mut TenantTx, id: GatewayId) -> Result<Breaker, sqlx::Error> {
    sqlx::query_as!(
        Breaker,
        r#"SELECT breaker AS "state: _", failures, retry_at FROM connection_health
           WHERE tenant_id = $1 AND connection_id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Writes the breaker, and what the last failure was; none: it was a success.
pub(crate) async fn write(
    tx: &mut TenantTx,
    id: GatewayId,
    breaker: &Breaker,
    failure: Option<&str>,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE connection_health SET breaker = $3, failures = $4, retry_at = $5, last_error = $6, updated_at = $7,
           succeeded_at = CASE WHEN $6::text IS NULL THEN $7 ELSE succeeded_at END
         WHERE tenant_id = $1 AND connection_id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        breaker.state.as_str(),
        breaker.failures,
        breaker.retry_at,
        failure,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the probe.
pub(crate) async fn probe(tx: &mut TenantTx, id: GatewayId, breaker: &Breaker) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE connection_health SET breaker = $3, retry_at = $4, updated_at = $5 WHERE tenant_id = $1 AND connection_id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        breaker.state.as_str(),
        breaker.retry_at,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes a success, at most once a minute: it is for people to see.
pub(crate) async fn note_success(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE connection_health SET succeeded_at = $3, last_error = NULL
         WHERE tenant_id = $1 AND connection_id = $2 AND (succeeded_at IS NULL OR succeeded_at < $4)",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
        now - TimeDelta::minutes(1),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that a breaker moved.
pub(crate) async fn insert_change(
    tx: &mut TenantTx,
    id: Uuid,
    connection_id: GatewayId,
    states: (&str, &str),
    reason: &str,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO breaker_changes (tenant_id, id, connection_id, from_state, to_state, reason, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        tx.tenant_id().uuid(),
        id,
        connection_id.uuid(),
        states.0,
        states.1,
        reason,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes of each connection that one attempt was let through its open breaker.
pub(crate) async fn insert_probes(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    probed: &[(Uuid, TenantId, GatewayId)],
) -> Result<(), sqlx::Error> {
    if probed.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = probed.iter().map(|one| one.0).collect();
    let tenants: Vec<Uuid> = probed.iter().map(|one| one.1.uuid()).collect();
    let connections: Vec<Uuid> = probed.iter().map(|one| one.2.uuid()).collect();
    sqlx::query!(
        "INSERT INTO breaker_changes (tenant_id, id, connection_id, from_state, to_state, reason, changed_at)
         SELECT tenant_id, id, connection_id, coalesce((
             SELECT c.to_state FROM breaker_changes AS c
             WHERE c.tenant_id = p.tenant_id AND c.connection_id = p.connection_id ORDER BY c.id DESC LIMIT 1), 'OPEN'),
           'HALF_OPEN', 'one attempt is let through', $4
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS p (id, tenant_id, connection_id)",
        &ids,
        &tenants,
        &connections,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a breaker moved, newest first.
pub(crate) async fn changes(
    tx: &mut TenantTx,
    id: GatewayId,
    request: PageRequest,
) -> Result<Vec<BreakerChange>, sqlx::Error> {
    sqlx::query_as!(
        BreakerChange,
        r#"SELECT id AS "id: _", changed_at, from_state AS "from: _", to_state AS "to: _", reason FROM breaker_changes
           WHERE tenant_id = $1 AND connection_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        id.uuid(),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Removes moves before `before`.
pub(crate) async fn forget_changes(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query!(
        "DELETE FROM breaker_changes WHERE ctid = ANY (ARRAY(SELECT ctid FROM breaker_changes WHERE changed_at < $1 LIMIT $2))",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected())
}
