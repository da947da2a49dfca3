//! What verifies permits, as every node is told.

use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;
use gatewright_snapshot::config::PermitKey;
use gatewright_snapshot::permit::KEYS_MAX;
use sqlx::PgConnection;

/// The keys that verify now, the newest first.
pub(crate) async fn list(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<PermitKey>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT public_key, verifies_until FROM permit_keys WHERE verifies_until IS NULL OR verifies_until > $1
         ORDER BY announced_at DESC, public_key LIMIT $2",
        now,
        KEYS_MAX as i64,
    )
    .fetch_all(connection)
    .await?;
    let keys = rows.into_iter().map(|row| {
        let until_ms = row.verifies_until.map(|until| until.timestamp_millis());
        PermitKey::new(&row.public_key, until_ms)
    });
    Ok(keys.collect())
}

/// Whether this is the key that permits are signed with.
pub(crate) async fn is_current(tx: &mut SystemTx, public_key: &[u8]) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM permit_keys WHERE public_key = $1 AND verifies_until IS NULL) AS "is_current!""#,
        public_key,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Makes this the key that permits are signed with; the one before it verifies until `until`.
pub(crate) async fn announce(
    tx: &mut SystemTx,
    public_key: &[u8],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM permit_keys WHERE verifies_until <= $1", now)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "UPDATE permit_keys SET verifies_until = $2 WHERE public_key <> $1 AND verifies_until IS NULL",
        public_key,
        until,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO permit_keys (public_key, announced_at) VALUES ($1, $2)
         ON CONFLICT (public_key) DO UPDATE SET announced_at = $2, verifies_until = NULL",
        public_key,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
