//! The SQL of throttling.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;

/// Counts one more, in a new window where the last one is over; how many there are, and until when.
pub(crate) async fn count(
    tx: &mut TenantTx,
    subject: &[u8; 32],
    ends_at: DateTime<Utc>,
) -> Result<(i32, DateTime<Utc>), sqlx::Error> {
    let row = sqlx::query!(
        "INSERT INTO attempts AS known (tenant_id, subject, window_ends_at, count) VALUES ($1, $2, $3, 1)
         ON CONFLICT (tenant_id, subject) DO UPDATE SET
           count = CASE WHEN known.window_ends_at <= $4 THEN 1 ELSE least(known.count, 1000000) + 1 END,
           window_ends_at = CASE WHEN known.window_ends_at <= $4 THEN $3 ELSE known.window_ends_at END
         RETURNING count, window_ends_at",
        tx.tenant_id().uuid(),
        subject.as_slice(),
        ends_at,
        tx.now(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.count, row.window_ends_at))
}

pub(crate) async fn forgive(tx: &mut TenantTx, subject: &[u8; 32]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE attempts SET count = greatest(count - 1, 0) WHERE tenant_id = $1 AND subject = $2",
        tx.tenant_id().uuid(),
        subject.as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
