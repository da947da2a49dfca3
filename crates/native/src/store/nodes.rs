use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, SystemTx};
use gatewright_types::CredentialHash;
use gatewright_types::access::NodeState;
use gatewright_types::ids::NodeId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::Node;
use crate::nodes::Reported;

pub(crate) async fn insert_code(
    tx: &mut SystemTx,
    hash: &CredentialHash,
    name: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO node_enrollment_codes (hash, name, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        hash.as_bytes().as_slice(),
        name,
        now,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses a code up and returns the name that goes with it, unless it cannot be used.
pub(crate) async fn use_code(
    tx: &mut SystemTx,
    hash: &CredentialHash,
    now: DateTime<Utc>,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "UPDATE node_enrollment_codes SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING name",
        hash.as_bytes().as_slice(),
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Removes codes that have been of no use since `before`.
pub(crate) async fn forget_codes(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!("DELETE FROM node_enrollment_codes WHERE expires_at < $1", before)
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

pub(crate) async fn count(tx: &mut SystemTx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM nodes WHERE state <> 'REVOKED'"#)
        .fetch_one(&mut **tx)
        .await
}

pub(crate) async fn insert(
    tx: &mut SystemTx,
    id: NodeId,
    name: &str,
    token: Option<&CredentialHash>,
    reported: &Reported,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO nodes (id, name, in_process, token_hash, state, version, addr, position, snapshot_version, last_seen_at, created_at)
         VALUES ($1, $2, $3, $4, 'ACTIVE', $5, $6, $7, $8, $9, $9)",
        id.uuid(),
        name,
        token.is_none(),
        token.map(|hash| hash.as_bytes().as_slice()),
        reported.version,
        reported.addr,
        signed(reported.position),
        signed(reported.snapshot_version),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn by_token(
    tx: &mut SystemTx,
    hash: &CredentialHash,
) -> Result<Option<(NodeId, NodeState)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: NodeId", state AS "state: NodeState" FROM nodes WHERE token_hash = $1"#,
        hash.as_bytes().as_slice(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.id, row.state)))
}

/// Notes that a node is there; one that starts is not draining any more.
pub(crate) async fn arrived(
    tx: &mut SystemTx,
    id: NodeId,
    starting: bool,
    now: DateTime<Utc>,
) -> Result<Option<NodeState>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"UPDATE nodes SET last_seen_at = $3, state = CASE WHEN $2 AND state = 'DRAINING' THEN 'ACTIVE' ELSE state END
           WHERE id = $1 RETURNING state AS "state: NodeState""#,
        id.uuid(),
        starting,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes how far nodes are and tells the other control planes.
pub(crate) async fn report(
    tx: &mut SystemTx,
    reports: &[(NodeId, Reported)],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let ids: Vec<Uuid> = reports.iter().map(|(id, _)| id.uuid()).collect();
    let positions: Vec<i64> = reports.iter().map(|(_, one)| signed(one.position)).collect();
    let snapshots: Vec<i64> = reports.iter().map(|(_, one)| signed(one.snapshot_version)).collect();
    let versions: Vec<String> = reports.iter().map(|(_, one)| one.version.clone()).collect();
    let addrs: Vec<String> = reports.iter().map(|(_, one)| one.addr.clone()).collect();
    sqlx::query!(
        "WITH reported AS (
           SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::text[])
             AS reported (id, position, snapshot_version, version, addr)
         ), updated AS (
           UPDATE nodes AS n SET position = r.position, snapshot_version = r.snapshot_version, version = r.version, addr = r.addr,
             last_seen_at = $6
           FROM reported AS r WHERE n.id = r.id
           RETURNING n.id, n.position, n.snapshot_version
         )
         SELECT pg_notify('gatewright_progress', concat_ws(' ', id, position, snapshot_version))::text FROM updated",
        &ids,
        &positions,
        &snapshots,
        &versions,
        &addrs,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn list(
    tx: &mut SystemTx,
    page: PageRequest,
    away_before: DateTime<Utc>,
) -> Result<Vec<Node>, sqlx::Error> {
    select(tx, None, page.after, page.probe(), away_before).await
}

pub(crate) async fn find(
    tx: &mut SystemTx,
    id: NodeId,
    away_before: DateTime<Utc>,
) -> Result<Option<Node>, sqlx::Error> {
    Ok(select(tx, Some(id), None, 1, away_before).await?.pop())
}

async fn select(
    tx: &mut SystemTx,
    id: Option<NodeId>,
    after: Option<Uuid>,
    limit: i64,
    away_before: DateTime<Utc>,
) -> Result<Vec<Node>, sqlx::Error> {
    sqlx::query_as!(
        Node,
        r#"SELECT n.id AS "id: _", n.name, n.in_process, n.version, n.addr,
             CASE WHEN n.state <> 'REVOKED' AND n.last_seen_at < $4 THEN 'AWAY' ELSE n.state END AS "state!: _",
             n.snapshot_version,
             (SELECT count(*) FROM node_news AS w WHERE w.seq > n.snapshot_version AND w.kind = 'CONFIGURATION') AS "snapshot_lag!",
             (SELECT count(*) FROM node_news AS w WHERE w.seq > n.position AND w.kind = 'ACCESS') AS "access_lag!",
             n.last_seen_at, n.created_at
           FROM nodes AS n
           WHERE ($1::uuid IS NULL OR n.id = $1) AND ($2::uuid IS NULL OR n.id < $2)
           ORDER BY n.id DESC LIMIT $3"#,
        id.map(NodeId::uuid),
        after,
        limit,
        away_before,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Moves a node of another process; false when there is none, or it is revoked for ever.
pub(crate) async fn set_state(tx: &mut SystemTx, id: NodeId, to: NodeState) -> Result<bool, sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE nodes SET state = $2 WHERE id = $1 AND NOT in_process AND (state <> 'REVOKED' OR $2 = 'REVOKED')",
        id.uuid(),
        to.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

pub(crate) async fn delete(tx: &mut SystemTx, id: NodeId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM nodes WHERE id = $1 AND in_process", id.uuid())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Removes nodes that ended with their process without a word.
pub(crate) async fn forget_in_process(
    connection: &mut PgConnection,
    before: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!("DELETE FROM nodes WHERE in_process AND last_seen_at < $1", before)
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
