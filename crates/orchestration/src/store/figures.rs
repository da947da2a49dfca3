use chrono::{DateTime, Utc};
use gatewright_connectors::model::Vendor;
use gatewright_database::SystemTx;

use crate::breaker::BreakerState;

pub(crate) struct Breakers {
    pub(crate) vendor: Vendor,
    pub(crate) breaker: BreakerState,
    pub(crate) count: i64,
}

/// Circuit breakers by vendor and state.
pub(crate) async fn breakers(tx: &mut SystemTx) -> Result<Vec<Breakers>, sqlx::Error> {
    sqlx::query_as!(
        Breakers,
        r#"SELECT c.vendor AS "vendor: _", h.breaker AS "breaker: _", count(*) AS "count!"
           FROM connections AS c JOIN connection_health AS h ON h.tenant_id = c.tenant_id AND h.connection_id = c.id
           GROUP BY c.vendor, h.breaker ORDER BY c.vendor, h.breaker"#,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) struct Due {
    pub(crate) urgency: i16,
    pub(crate) due: i64,
    pub(crate) overdue: i64,
    /// Since when the oldest is not as desired.
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// What is not as desired yet, by urgency.
pub(crate) async fn due(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    overdue_before: DateTime<Utc>,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"SELECT urgency, count(*) FILTER (WHERE due_at <= $1) AS "due!", count(*) FILTER (WHERE due_at <= $2) AS "overdue!",
             min(LEAST(failing_since, due_at)) FILTER (WHERE acknowledged_generation < generation) AS oldest
           FROM applications WHERE due_at IS NOT NULL GROUP BY urgency ORDER BY urgency"#,
        now,
        overdue_before,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many wait for a person.
pub(crate) async fn dead(tx: &mut SystemTx) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM applications WHERE state IN ('FAILED', 'NEEDS_ROTATION', 'DRIFTED')"#
    )
    .fetch_one(&mut **tx)
    .await
}
