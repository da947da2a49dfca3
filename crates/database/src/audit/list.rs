//! Reads the audit log.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::row::{ActorId, AuditEvent, Outcome};
use super::store;
use crate::{DatabaseError, INSTALLATION, Page, PageRequest, SystemTx, TenantTx};

/// How far the time in a row's id may lie from the time it tells: an id is made while its transaction runs.
const ID_TIME_SLACK: TimeDelta = TimeDelta::hours(1);

/// Which rows are wanted; what is absent is not asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Done by this operator, developer or person.
    pub actor_id: Option<ActorId>,
    /// This action, exactly.
    pub action: Option<String>,
    /// Done to this, exactly.
    pub resource_id: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// At this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
}

impl AuditFilter {
    /// The first id that may be meant, and the first that no longer may: ids sort by time.
    pub(super) fn id_bounds(&self) -> (Uuid, Uuid) {
        let bound = |time: DateTime<Utc>| {
            let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0);
            uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid()
        };
        let floor = self.from.and_then(|from| from.checked_sub_signed(ID_TIME_SLACK));
        let ceiling = self.to.and_then(|to| to.checked_add_signed(ID_TIME_SLACK));
        (floor.map_or(Uuid::nil(), bound), ceiling.map_or(Uuid::max(), bound))
    }
}

/// A page of the audit log, newest first.
pub async fn list(
    tx: &mut TenantTx,
    filter: &AuditFilter,
    request: PageRequest,
) -> Result<Page<AuditEvent>, DatabaseError> {
    let tenant_id = tx.tenant_id();
    let rows = store::list(tx, tenant_id, filter, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// A page of the installation's own audit log, newest first.
pub async fn list_installation(
    tx: &mut SystemTx,
    filter: &AuditFilter,
    request: PageRequest,
) -> Result<Page<AuditEvent>, DatabaseError> {
    let rows = store::list(tx, INSTALLATION, filter, request).await?;
    Ok(Page::from_rows(rows, request))
}
