use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::SystemTx;
use gatewright_types::ids::TenantId;

/// Which time line: whose calls, and which of them.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) tenant_id: TenantId,
    pub(crate) rate_key: String,
    pub(crate) operations: &'static str,
}

/// Takes a stretch of a time line for one process; returns when it begins, which is after `latest` when nothing was taken.
///
/// It begins where the one before ended, at the earliest at `earliest`: what was not used by then is lost.
pub(crate) async fn reserve(
    tx: &mut SystemTx,
    line: &Line,
    length: TimeDelta,
    earliest: DateTime<Utc>,
    latest: DateTime<Utc>,
) -> Result<DateTime<Utc>, sqlx::Error> {
    let end = sqlx::query_scalar!(
        "INSERT INTO call_turns AS t (tenant_id, rate_key, operations, given_away_until)
         VALUES ($1, $2, $3, $4::timestamptz + $5::bigint * interval '1 microsecond')
         ON CONFLICT (tenant_id, rate_key, operations) DO UPDATE
           SET given_away_until = GREATEST(t.given_away_until, $4::timestamptz) + $5::bigint * interval '1 microsecond'
           WHERE t.given_away_until <= $6
         RETURNING given_away_until",
        line.tenant_id.uuid(),
        line.rate_key,
        line.operations,
        earliest,
        length.num_microseconds().unwrap_or(i64::MAX),
        latest,
    )
    .fetch_optional(&mut **tx)
    .await?;
    if let Some(end) = end {
        return Ok(end - length);
    }
    sqlx::query_scalar!(
        "SELECT given_away_until FROM call_turns WHERE tenant_id = $1 AND rate_key = $2 AND operations = $3",
        line.tenant_id.uuid(),
        line.rate_key,
        line.operations,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Removes time lines on which nobody was given a turn since.
pub(crate) async fn forget(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let removed = sqlx::query!(
        "DELETE FROM call_turns WHERE ctid = ANY(ARRAY(SELECT ctid FROM call_turns WHERE given_away_until < $1 LIMIT $2))",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(removed.rows_affected())
}
