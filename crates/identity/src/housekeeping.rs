//! Clears away what is over.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::SystemTx;

use crate::sign_in::DEVICE_LIFE;
use crate::{IdentityError, store};

/// How long a session, and what renewed it, are still known after its time.
pub const ENDED_SESSIONS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long an invitation stays in lists after its time.
pub const ENDED_INVITATIONS_KEPT: TimeDelta = TimeDelta::days(90);

/// Removes what people left behind, of every tenant.
pub async fn forget(tx: &mut SystemTx, now: DateTime<Utc>) -> Result<(), IdentityError> {
    store::sessions::forget_ended(tx, now - ENDED_SESSIONS_KEPT).await?;
    store::housekeeping::forget(tx, now, now - DEVICE_LIFE, now - ENDED_INVITATIONS_KEPT).await?;
    Ok(())
}
