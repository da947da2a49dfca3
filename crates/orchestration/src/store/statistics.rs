use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::GatewayId;

use crate::statistics::Counted;

/// Counts attempts from `range.0` and before `range.1`: from the hours that were added up, and from the rows that were not.
pub(crate) async fn count(
    tx: &mut TenantTx,
    connection_id: Option<GatewayId>,
    range: (DateTime<Utc>, DateTime<Utc>),
    unit: &str,
    limit: i64,
) -> Result<Vec<Counted>, sqlx::Error> {
    sqlx::query_as!(
        Counted,
        r#"WITH counted AS (
             SELECT connection_id, operation, duration_class, hour AS at, succeeded, failed FROM provisioning_hours
             WHERE tenant_id = $1 AND ($2::uuid IS NULL OR connection_id = $2) AND hour >= $3 AND hour < $4
             UNION ALL
             SELECT a.connection_id, a.operation, gatewright_duration_class(a.duration_ms), a.attempted_at,
               (a.outcome = 'SUCCEEDED')::int, (a.outcome = 'FAILED')::int
             FROM connections AS c
             LEFT JOIN provisioning_rollups AS r ON r.tenant_id = c.tenant_id AND r.connection_id = c.id
             JOIN provisioning_attempts AS a ON a.tenant_id = c.tenant_id AND a.connection_id = c.id
               AND a.attempted_at >= GREATEST($3, r.rolled_until) AND a.attempted_at < $4
             WHERE c.tenant_id = $1 AND ($2::uuid IS NULL OR c.id = $2)
           ), summed AS (
             SELECT connection_id, operation, date_trunc($5, at, 'UTC') AS period_at, duration_class,
               sum(succeeded)::bigint AS succeeded, sum(failed)::bigint AS failed
             FROM counted GROUP BY 1, 2, 3, 4
           ), ranked AS (
             SELECT *, sum(succeeded + failed) OVER (PARTITION BY connection_id, operation, period_at ORDER BY duration_class) AS up_to,
               sum(succeeded + failed) OVER (PARTITION BY connection_id, operation, period_at) AS in_all
             FROM summed
           )
           SELECT r.period_at AS "period_at!", r.connection_id AS "gateway_id!: _", c.name AS gateway_name, r.operation AS "operation!",
             sum(r.succeeded)::bigint AS "succeeded!", sum(r.failed)::bigint AS "failed!",
             min(r.duration_class) FILTER (WHERE r.up_to >= ceil(r.in_all * 0.50)) AS "p50!",
             min(r.duration_class) FILTER (WHERE r.up_to >= ceil(r.in_all * 0.95)) AS "p95!",
             min(r.duration_class) FILTER (WHERE r.up_to >= ceil(r.in_all * 0.99)) AS "p99!"
           FROM ranked AS r JOIN connections AS c ON c.tenant_id = $1 AND c.id = r.connection_id
           GROUP BY r.period_at, r.connection_id, c.name, r.operation
           ORDER BY r.period_at DESC, r.connection_id, r.operation LIMIT $6"#,
        tx.tenant_id().uuid(),
        connection_id.map(GatewayId::uuid),
        range.0,
        range.1,
        unit,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Adds up what every connection tried before `until`, a whole hour, and was not added up yet. By whoever is alone in it.
pub(crate) async fn roll_up(tx: &mut SystemTx, until: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let added = sqlx::query!(
        "WITH begun AS (
           SELECT c.tenant_id, c.id, coalesce(r.rolled_until, '-infinity') AS rolled_until
           FROM connections AS c LEFT JOIN provisioning_rollups AS r ON r.tenant_id = c.tenant_id AND r.connection_id = c.id
           WHERE r.rolled_until IS NULL OR r.rolled_until < $1
         ), noted AS (
           INSERT INTO provisioning_rollups (tenant_id, connection_id, rolled_until) SELECT tenant_id, id, $1 FROM begun
           ON CONFLICT (tenant_id, connection_id) DO UPDATE SET rolled_until = $1
         )
         INSERT INTO provisioning_hours (tenant_id, connection_id, hour, operation, duration_class, succeeded, failed)
         SELECT a.tenant_id, a.connection_id, date_trunc('hour', a.attempted_at, 'UTC'), a.operation, gatewright_duration_class(a.duration_ms),
           count(*) FILTER (WHERE a.outcome = 'SUCCEEDED'), count(*) FILTER (WHERE a.outcome = 'FAILED')
         FROM begun AS b JOIN provisioning_attempts AS a ON a.tenant_id = b.tenant_id AND a.connection_id = b.id
           AND a.attempted_at >= b.rolled_until AND a.attempted_at < $1
         GROUP BY 1, 2, 3, 4, 5",
        until,
    )
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected())
}

/// Removes hours before `before`.
pub(crate) async fn forget(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query!(
        "DELETE FROM provisioning_hours WHERE ctid = ANY (ARRAY(SELECT ctid FROM provisioning_hours WHERE hour < $1 LIMIT $2))",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected())
}

/// Waits until nobody else adds up, until the end of the transaction.
pub(crate) async fn alone(tx: &mut SystemTx) -> Result<(), sqlx::Error> {
    sqlx::query!("LOCK TABLE provisioning_rollups IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut **tx)
        .await?;
    Ok(())
}
