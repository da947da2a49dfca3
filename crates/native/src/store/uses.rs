use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::KeyId;
use serde_json::Value;

use crate::uses::{KeyUses, Used};

/// Adds what was used to its hours. Keys that are gone, or never were, are left out.
pub(crate) async fn add(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    addresses_max: i64,
    uses: &Value,
) -> Result<(), sqlx::Error> {
    // Ordered, so that two nodes that tell of the same keys wait for each other and do not lock each other out.
    sqlx::query!(
        "INSERT INTO key_uses (tenant_id, key_id, hour, requests, addresses, last_used_at)
         SELECT keys.tenant_id, keys.id, date_trunc('hour', used.at, 'UTC'), used.requests, used.addresses, used.at
         FROM (
           SELECT key_id, requests, addresses, least(to_timestamp(last_used_ms / 1000.0), $1) AS at
           FROM jsonb_to_recordset($2) AS told (key_id uuid, requests bigint, addresses text[], last_used_ms bigint)
         ) AS used
         JOIN api_keys AS keys ON keys.id = used.key_id
         ORDER BY keys.tenant_id, keys.id
         ON CONFLICT (tenant_id, key_id, hour) DO UPDATE SET
           requests = key_uses.requests + excluded.requests,
           addresses = ARRAY(
             SELECT DISTINCT address FROM UNNEST(key_uses.addresses || excluded.addresses) AS all_of_them (address)
             ORDER BY address LIMIT $3
           ),
           last_used_at = greatest(key_uses.last_used_at, excluded.last_used_at)",
        now,
        uses,
        addresses_max,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a key was used, with the hours that `day_from` and `week_from` lie in.
pub(crate) async fn of_key(
    tx: &mut TenantTx,
    id: KeyId,
    day_from: DateTime<Utc>,
    week_from: DateTime<Utc>,
) -> Result<KeyUses, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT max(last_used_at) AS last_used_at,
             coalesce(sum(requests) FILTER (WHERE hour >= date_trunc('hour', $2::timestamptz, 'UTC')), 0)::bigint AS "day!",
             coalesce(sum(requests) FILTER (WHERE hour >= date_trunc('hour', $3::timestamptz, 'UTC')), 0)::bigint AS "week!",
             (SELECT count(DISTINCT address) FROM key_uses AS one, UNNEST(one.addresses) AS of_one (address)
              WHERE one.key_id = $1 AND one.hour >= date_trunc('hour', $2::timestamptz, 'UTC')) AS "day_addresses!",
             (SELECT count(DISTINCT address) FROM key_uses AS one, UNNEST(one.addresses) AS of_one (address)
              WHERE one.key_id = $1 AND one.hour >= date_trunc('hour', $3::timestamptz, 'UTC')) AS "week_addresses!"
           FROM key_uses WHERE key_id = $1"#,
        id.uuid(),
        day_from,
        week_from,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(KeyUses {
        last_used_at: row.last_used_at,
        last_day: Used {
            requests: row.day.unsigned_abs(),
            addresses: row.day_addresses.unsigned_abs(),
        },
        last_week: Used {
            requests: row.week.unsigned_abs(),
            addresses: row.week_addresses.unsigned_abs(),
        },
    })
}

/// Removes hours that began before.
pub(crate) async fn forget(tx: &mut SystemTx, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM key_uses WHERE hour < $1", before)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
