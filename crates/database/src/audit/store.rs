//! The SQL of the audit log.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{AuditId, RequestId, SessionId, TenantId, TokenId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::list::AuditFilter;
use super::row::{ActorId, ActorKind, AuditEvent, Outcome, Row};
use crate::PageRequest;

/// Whose and which row.
pub(super) type Key = (Uuid, Uuid);

/// A link of the chain.
pub(super) struct Link {
    pub(super) tenant_id: Uuid,
    pub(super) sequence: i64,
    pub(super) audit_id: Uuid,
    pub(super) hash: Vec<u8>,
    pub(super) sealed_at: DateTime<Utc>,
}

/// Takes the right to seal until the end of the transaction; false when another has it or nothing waits.
pub(super) async fn claim_sealing(connection: &mut PgConnection, lock: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM audit_unsealed) AND pg_try_advisory_xact_lock($1) AS "claimed!""#,
        lock
    )
    .fetch_one(connection)
    .await
}

/// The oldest rows that wait to be sealed.
pub(super) async fn unsealed(connection: &mut PgConnection, limit: i64) -> Result<Vec<Key>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT tenant_id, audit_id FROM audit_unsealed ORDER BY audit_id LIMIT $1",
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.audit_id)).collect())
}

/// Audit rows by their keys, oldest first.
pub(super) async fn rows(connection: &mut PgConnection, keys: &[Key]) -> Result<Vec<Row>, sqlx::Error> {
    let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) = keys.iter().copied().unzip();
    sqlx::query_as!(
        Row,
        r#"SELECT tenant_id, id, occurred_at, actor_kind, actor_id, token_id, peer_address, request_id, action, resource_id,
             outcome, problem_code, changes::text AS "changes!", detail::text AS "detail!", session_id
           FROM audit_events
           WHERE (tenant_id, id) IN (SELECT * FROM UNNEST($1::uuid[], $2::uuid[])) ORDER BY id"#,
        &tenants,
        &ids,
    )
    .fetch_all(connection)
    .await
}

/// The last links of these tenants' chains.
pub(super) async fn heads(connection: &mut PgConnection, tenants: &[Uuid]) -> Result<Vec<Link>, sqlx::Error> {
    sqlx::query_as!(
        Link,
        r#"SELECT head.tenant_id, head.sequence, head.audit_id, head.hash, head.sealed_at
           FROM UNNEST($1::uuid[]) AS wanted (id)
           CROSS JOIN LATERAL (SELECT * FROM audit_chain WHERE tenant_id = wanted.id ORDER BY sequence DESC LIMIT 1) AS head"#,
        tenants,
    )
    .fetch_all(connection)
    .await
}

/// Appends links, all sealed at the same time, and takes their rows from those that wait.
pub(super) async fn append(
    connection: &mut PgConnection,
    links: &[Link],
    sealed_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let tenants: Vec<Uuid> = links.iter().map(|link| link.tenant_id).collect();
    let sequences: Vec<i64> = links.iter().map(|link| link.sequence).collect();
    let ids: Vec<Uuid> = links.iter().map(|link| link.audit_id).collect();
    let hashes: Vec<Vec<u8>> = links.iter().map(|link| link.hash.clone()).collect();
    sqlx::query!(
        "WITH sealed AS (
           SELECT * FROM UNNEST($1::uuid[], $2::int8[], $3::uuid[], $4::bytea[]) AS sealed (tenant_id, sequence, audit_id, hash)
         ), settled AS (
           DELETE FROM audit_unsealed AS waiting USING sealed
           WHERE waiting.tenant_id = sealed.tenant_id AND waiting.audit_id = sealed.audit_id
         )
         INSERT INTO audit_chain (tenant_id, sequence, audit_id, hash, sealed_at)
         SELECT tenant_id, sequence, audit_id, hash, $5 FROM sealed",
        &tenants,
        &sequences,
        &ids,
        &hashes,
        sealed_at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The links of a chain behind a sequence.
pub(super) async fn links(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    behind: i64,
    limit: i64,
) -> Result<Vec<Link>, sqlx::Error> {
    sqlx::query_as!(
        Link,
        "SELECT tenant_id, sequence, audit_id, hash, sealed_at FROM audit_chain
         WHERE tenant_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        tenant_id.uuid(),
        behind,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The oldest row that is neither sealed nor waits to be.
pub(super) async fn unaccounted(
    connection: &mut PgConnection,
    tenant_id: TenantId,
) -> Result<Option<AuditId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: AuditId" FROM audit_events AS event
           WHERE tenant_id = $1
             AND NOT EXISTS (SELECT FROM audit_chain AS c WHERE c.tenant_id = event.tenant_id AND c.audit_id = event.id)
             AND NOT EXISTS (SELECT FROM audit_unsealed AS u WHERE u.tenant_id = event.tenant_id AND u.audit_id = event.id)
           ORDER BY id LIMIT 1"#,
        tenant_id.uuid(),
    )
    .fetch_optional(connection)
    .await
}

/// How many rows wait to be sealed.
pub(super) async fn waiting(connection: &mut PgConnection, tenant_id: TenantId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit_unsealed WHERE tenant_id = $1"#,
        tenant_id.uuid(),
    )
    .fetch_one(connection)
    .await
}

/// Lets the statements of this transaction take as long as they need.
pub(super) async fn without_time_limit(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("SET LOCAL statement_timeout = 0")
        .execute(connection)
        .await?;
    Ok(())
}

/// A page of events, newest first.
pub(super) async fn list(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    filter: &AuditFilter,
    request: PageRequest,
) -> Result<Vec<AuditEvent>, sqlx::Error> {
    let (floor, ceiling) = filter.id_bounds();
    let before = match request.after {
        Some(after) => after.min(ceiling),
        None => ceiling,
    };
    // Planned anew each time: which index serves depends on which filters there are.
    sqlx::query!("SET LOCAL plan_cache_mode = force_custom_plan")
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query!(
        r#"SELECT e.id AS "id: AuditId", e.occurred_at, c.sequence AS "sequence?", e.actor_kind AS "actor_kind: ActorKind",
             e.actor_id, e.token_id AS "token_id: TokenId", e.session_id AS "session_id: SessionId", e.peer_address,
             e.request_id AS "request_id: RequestId", e.action, e.resource_id, e.outcome AS "outcome: Outcome", e.problem_code,
             e.changes, e.detail
           FROM audit_events AS e LEFT JOIN audit_chain AS c ON c.tenant_id = e.tenant_id AND c.audit_id = e.id
           WHERE e.tenant_id = $1 AND e.id >= $2 AND e.id < $3
             AND ($4::uuid IS NULL OR e.actor_id = $4) AND ($5::text IS NULL OR e.action = $5)
             AND ($6::text IS NULL OR e.resource_id = $6) AND ($7::text IS NULL OR e.outcome = $7)
             AND ($8::timestamptz IS NULL OR e.occurred_at >= $8) AND ($9::timestamptz IS NULL OR e.occurred_at < $9)
           ORDER BY e.id DESC LIMIT $10"#,
        tenant_id.uuid(),
        floor,
        before,
        filter.actor_id.map(ActorId::uuid),
        filter.action,
        filter.resource_id,
        filter.outcome.map(Outcome::as_str),
        filter.from,
        filter.to,
        request.probe(),
    )
    .fetch_all(connection)
    .await?;
    let events = rows.into_iter().map(|row| AuditEvent {
        id: row.id,
        occurred_at: row.occurred_at,
        sequence: row.sequence,
        actor_kind: row.actor_kind,
        actor_id: row.actor_id.map(|id| ActorId::new(row.actor_kind, id)),
        token_id: row.token_id,
        session_id: row.session_id,
        peer_address: row.peer_address,
        request_id: row.request_id,
        action: row.action,
        resource_id: row.resource_id,
        outcome: row.outcome,
        problem_code: row.problem_code,
        changes: row.changes,
        detail: row.detail,
    });
    Ok(events.collect())
}
