//! The SQL that clears away what is over.

use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;

pub(crate) async fn forget(
    tx: &mut SystemTx,
    now: DateTime<Utc>,
    devices_before: DateTime<Utc>,
    invitations_before: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH sign_ups AS (DELETE FROM sign_ups WHERE expires_at < $1),
              tokens AS (DELETE FROM mail_tokens WHERE expires_at < $1),
              pending AS (DELETE FROM pending_sign_ins WHERE expires_at < $1),
              attempts AS (DELETE FROM attempts WHERE window_ends_at < $1),
              ceremonies AS (DELETE FROM passkey_ceremonies WHERE expires_at < $1),
              errands AS (DELETE FROM provider_sign_ins WHERE expires_at < $1),
              devices AS (DELETE FROM known_devices WHERE last_used_at < $2)
         DELETE FROM invitations WHERE expires_at < $3",
        now,
        devices_before,
        invitations_before,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
