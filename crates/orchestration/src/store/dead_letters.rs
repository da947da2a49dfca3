use gatewright_database::TenantTx;
use gatewright_types::ids::{GatewayId, SubscriptionId};
use uuid::Uuid;

use super::applications::CHANNEL;
use crate::dead_letters::{DeadLetter, Place};
use crate::model::Urgency;

/// What waits for a person after `after`.
pub(crate) async fn list(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<DeadLetter>, sqlx::Error> {
    let now = tx.now();
    sqlx::query_as!(
        DeadLetter,
        r#"SELECT a.connection_id AS "gateway_id: _", c.name AS gateway_name, a.subscription_id AS "subscription_id: _",
             a.customer_id AS "customer_id: _", a.state AS "state: _", a.last_error AS error, a.last_fault AS fault, a.failing_since,
             GREATEST(0, floor(extract(epoch FROM $6 - coalesce(a.failing_since, a.updated_at))))::bigint AS "age_seconds!",
             a.attempts, a.due_at AS next_try_at
           FROM applications AS a JOIN connections AS c ON c.tenant_id = a.tenant_id AND c.id = a.connection_id
           WHERE a.tenant_id = $1 AND a.state IN ('FAILED', 'NEEDS_ROTATION', 'DRIFTED')
             AND ($2::uuid IS NULL OR a.connection_id = $2)
             AND ($3::uuid IS NULL OR (a.subscription_id, a.connection_id) < ($3, $4))
           ORDER BY a.subscription_id DESC, a.connection_id DESC LIMIT $5"#,
        tx.tenant_id().uuid(),
        connection_id.map(GatewayId::uuid),
        after.map(|place| place.0.uuid()),
        after.map(|place| place.1.uuid()),
        limit,
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Makes them due now, as if what is desired had changed; those that somebody works on are due when they are given back.
pub(crate) async fn replay(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    subscription_ids: Option<&[SubscriptionId]>,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let (now, request_id) = (tx.now(), tx.caller().request_id.uuid());
    let ids = uuids(subscription_ids);
    // Locked in the order in which everybody locks them.
    let replayed = sqlx::query!(
        "WITH chosen AS (
           SELECT connection_id, subscription_id FROM applications
           WHERE tenant_id = $1 AND state IN ('FAILED', 'NEEDS_ROTATION', 'DRIFTED') AND (due_at IS NULL OR due_at > $4)
             AND ($2::uuid IS NULL OR connection_id = $2) AND ($3::uuid[] IS NULL OR subscription_id = ANY($3))
           ORDER BY connection_id, subscription_id LIMIT $5 FOR UPDATE
         )
         UPDATE applications AS a SET generation = a.generation + 1, due_at = $4, attempts = 0, request_id = $6, updated_at = $4,
           urgency = CASE WHEN a.due_at IS NULL THEN $7 ELSE LEAST(a.urgency, $7) END
         FROM chosen AS c
         WHERE a.tenant_id = $1 AND a.connection_id = c.connection_id AND a.subscription_id = c.subscription_id",
        tx.tenant_id().uuid(),
        connection_id.map(GatewayId::uuid),
        ids.as_deref(),
        now,
        limit,
        request_id,
        Urgency::Normal.as_i16(),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("SELECT pg_notify($1, '')::text AS told", CHANNEL)
        .fetch_one(&mut **tx)
        .await?;
    Ok(replayed.rows_affected())
}

/// Whether any is not due yet.
pub(crate) async fn any(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    subscription_ids: Option<&[SubscriptionId]>,
) -> Result<bool, sqlx::Error> {
    let (now, ids) = (tx.now(), uuids(subscription_ids));
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM applications
           WHERE tenant_id = $1 AND state IN ('FAILED', 'NEEDS_ROTATION', 'DRIFTED') AND (due_at IS NULL OR due_at > $4)
             AND ($2::uuid IS NULL OR connection_id = $2) AND ($3::uuid[] IS NULL OR subscription_id = ANY($3))) AS "any!""#,
        tx.tenant_id().uuid(),
        connection_id.map(GatewayId::uuid),
        ids.as_deref(),
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

fn uuids(ids: Option<&[SubscriptionId]>) -> Option<Vec<Uuid>> {
    ids.map(|ids| ids.iter().map(|id| id.uuid()).collect())
}
