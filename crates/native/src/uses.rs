//! How keys are used on native gateways: for whoever wonders what would stop working.
//!
//! Every core counts what it admits beside the record that it has just read; nodes tell every few seconds
//! ([`gatewright_snapshot::protocol::KeyUse`]). A node that ends without a word takes a few seconds with it, and one whose
//! word was taken and not acknowledged tells it twice: no bill is made from this.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{Database, SystemUse, TenantTx};
use gatewright_snapshot::protocol::KeyUse;
use gatewright_types::ids::KeyId;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{NativeError, store};

/// Most addresses that are kept of a key and an hour; further ones are not counted.
pub const ADDRESSES_PER_HOUR_MAX: u32 = 64;
/// For how long hours are kept.
pub(crate) const KEPT: TimeDelta = TimeDelta::days(90);

/// How a key is used on native gateways; about five seconds behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyUses {
    /// When it was last admitted; null if never, or not in the last 90 days.
    pub last_used_at: Option<DateTime<Utc>>,
    /// In the last 24 hours, by whole hours.
    pub last_day: Used,
    /// In the last seven days, by whole hours.
    pub last_week: Used,
}

/// How much something was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Used {
    /// Requests that were admitted.
    pub requests: u64,
    /// From how many addresses they came; at most 64 are told apart in an hour.
    pub addresses: u64,
}

/// Writes down what a node tells.
pub async fn note(database: &Database, uses: &[KeyUse]) -> Result<(), NativeError> {
    if uses.is_empty() {
        return Ok(());
    }
    let told: Vec<_> = uses
        .iter()
        .map(|one| {
            json!({
                "key_id": one.key_id.uuid(),
                "requests": i64::try_from(one.requests).unwrap_or(i64::MAX),
                "addresses": one.addresses,
                "last_used_ms": one.last_used_ms,
            })
        })
        .collect();
    let mut tx = database.system(SystemUse::NoteKeyUses).await?;
    let now = database.clock().now();
    store::uses::add(&mut tx, now, i64::from(ADDRESSES_PER_HOUR_MAX), &json!(told)).await?;
    tx.commit().await?;
    Ok(())
}

/// How a key is used; of one that does not exist, not at all.
pub async fn of_key(tx: &mut TenantTx, id: KeyId) -> Result<KeyUses, NativeError> {
    let now = tx.now();
    Ok(store::uses::of_key(tx, id, now - TimeDelta::days(1), now - TimeDelta::days(7)).await?)
}
