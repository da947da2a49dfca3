//! Answers that a repeated request gets again: the IETF draft's `Idempotency-Key`.
//!
//! The answer is kept in the transaction of the use case itself, so there is an answer exactly when
//! there is an effect. It is kept without its secret. It holds for 24 hours, within tenant, actor
//! and route.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_types::ids::TenantId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{DatabaseError, SystemTx};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);

/// What a key belongs to.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The tenant; none where the request is to create one.
    pub tenant_id: Option<TenantId>,
    /// Who asks.
    pub actor_id: Uuid,
    /// Method and path of the request.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the body.
    pub fingerprint: [u8; 32],
}

/// What is known of a key.
#[derive(Debug)]
pub enum Claim {
    /// Nothing: go on, then [`keep`] the answer.
    New,
    /// The same request was answered before.
    Replay {
        /// HTTP status of that answer.
        status: u16,
        /// Its body, without a secret.
        body: Value,
    },
    /// Another request came with this key.
    Reused,
    /// Another transaction is at it.
    InFlight,
}

/// Claims a key until the end of the transaction; one round trip.
pub async fn claim(connection: &mut PgConnection, scope: &Scope, now: DateTime<Utc>) -> Result<Claim, DatabaseError> {
    let row = sqlx::query!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', $1::uuid, $2::uuid, $3::text, $4::text), 0)) AS "claimed!",
             kept.fingerprint AS "fingerprint?", kept.status AS "status?", kept.body AS "body?"
           FROM (SELECT) AS always
           LEFT JOIN idempotency_keys AS kept
             ON ($1::uuid IS NULL OR kept.tenant_id = $1) AND kept.actor_id = $2 AND kept.route = $3 AND kept.key = $4 AND kept.created_at > $5"#,
        scope.tenant_id.map(TenantId::uuid),
        scope.actor_id,
        scope.route,
        scope.key,
        now - KEPT,
    )
    .fetch_one(connection)
    .await?;
    Ok(match (row.fingerprint, row.status, row.body) {
        (Some(fingerprint), ..) if fingerprint != scope.fingerprint => Claim::Reused,
        (_, Some(status), _) if u16::try_from(status) == Ok(PENDING_STATUS) => Claim::InFlight,
        (Some(_), Some(status), Some(body)) => Claim::Replay {
            status: u16::try_from(status).unwrap_or(200),
            body,
        },
        _ if row.claimed => Claim::New,
        _ => Claim::InFlight,
    })
}

/// Keeps the answer to a claimed request; one round trip.
///
/// Returns false when another transaction answered between our look and our claim: the caller
/// rolls back and answers as for [`Claim::InFlight`].
pub async fn keep(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    scope: &Scope,
    now: DateTime<Utc>,
    status: u16,
    body: &Value,
) -> Result<bool, DatabaseError> {
    // An entry that is older than a day is overwritten, as if it were gone already.
    let result = sqlx::query!(
        "INSERT INTO idempotency_keys AS kept (tenant_id, actor_id, route, key, fingerprint, status, body, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, actor_id, route, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, created_at = excluded.created_at
           WHERE kept.created_at <= $9",
        tenant_id.uuid(),
        scope.actor_id,
        scope.route,
        scope.key,
        &scope.fingerprint,
        i16::try_from(status).unwrap_or(200),
        body,
        now,
        now - KEPT,
    )
    .execute(connection)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// As which answer a request is kept whose use case needs more than one transaction, until it has another.
pub const PENDING_STATUS: u16 = 102;

/// Keeps the answer to a request that was kept as [`PENDING_STATUS`]; false where it is not any more.
pub async fn settle(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    scope: &Scope,
    status: u16,
    body: &Value,
) -> Result<bool, DatabaseError> {
    let settled = sqlx::query!(
        "UPDATE idempotency_keys SET status = $5, body = $6
         WHERE tenant_id = $1 AND actor_id = $2 AND route = $3 AND key = $4 AND status = 102",
        tenant_id.uuid(),
        scope.actor_id,
        scope.route,
        scope.key,
        i16::try_from(status).unwrap_or(200),
        body,
    )
    .execute(connection)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Forgets a request that was kept as [`PENDING_STATUS`] with this body: nothing came of it, so it may be made again.
pub async fn forget_pending(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    body: &Value,
) -> Result<(), DatabaseError> {
    sqlx::query!(
        "DELETE FROM idempotency_keys WHERE tenant_id = $1 AND status = 102 AND body = $2",
        tenant_id.uuid(),
        body,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes what is older than a day, of every tenant.
pub async fn forget_old(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<u64, DatabaseError> {
    let result = sqlx::query!("DELETE FROM idempotency_keys WHERE created_at <= $1", now - KEPT)
        .execute(&mut **tx)
        .await?;
    Ok(result.rows_affected())
}
