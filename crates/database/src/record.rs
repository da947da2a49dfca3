//! Who acts, and the record of what was done.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{AuditId, EventId, OperatorId, RequestId, TenantId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// On whose behalf a transaction runs.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Whose rows it sees.
    pub tenant_id: TenantId,
    /// Who asked for it.
    pub actor: Actor,
    /// The request it belongs to.
    pub request_id: RequestId,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person or script of the tenant.
    Operator(OperatorId),
    /// Whoever runs the installation.
    Installation,
    /// Gatewright itself.
    System,
}

impl Actor {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Operator(_) => "OPERATOR",
            Self::Installation => "INSTALLATION",
            Self::System => "SYSTEM",
        }
    }

    /// The id, where there is one.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::Operator(id) => Some(id.uuid()),
            Self::Installation | Self::System => None,
        }
    }
}

/// Something that was done: one audit row and one outbox event.
pub(crate) struct Happened {
    pub(crate) audit_id: AuditId,
    pub(crate) event_id: EventId,
    pub(crate) domain: &'static str,
    pub(crate) name: &'static str,
    pub(crate) resource_id: String,
    pub(crate) detail: Value,
}

/// Writes everything that happened in one statement.
pub(crate) async fn write(
    connection: &mut PgConnection,
    caller: &Caller,
    at: DateTime<Utc>,
    happened: &[Happened],
) -> Result<(), sqlx::Error> {
    if happened.is_empty() {
        return Ok(());
    }
    let audit_ids: Vec<Uuid> = happened.iter().map(|one| one.audit_id.uuid()).collect();
    let event_ids: Vec<Uuid> = happened.iter().map(|one| one.event_id.uuid()).collect();
    let domains: Vec<String> = happened.iter().map(|one| one.domain.to_owned()).collect();
    let names: Vec<String> = happened.iter().map(|one| one.name.to_owned()).collect();
    let resources: Vec<String> = happened.iter().map(|one| one.resource_id.clone()).collect();
    let details: Vec<Value> = happened.iter().map(|one| one.detail.clone()).collect();
    sqlx::query!(
        r#"WITH happened AS (
             SELECT * FROM UNNEST($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::jsonb[])
               AS happened (audit_id, event_id, domain, name, resource_id, detail)
           ), audited AS (
             INSERT INTO audit_events (tenant_id, id, occurred_at, actor_kind, actor_id, request_id, action, resource_id, detail)
             SELECT $1, audit_id, $2, $3, $4, $5, name, resource_id, detail FROM happened
           )
           INSERT INTO outbox_events (tenant_id, id, occurred_at, domain, name, resource_id, payload)
           SELECT $1, event_id, $2, domain, name, resource_id, detail FROM happened"#,
        caller.tenant_id.uuid(),
        at,
        caller.actor.kind(),
        caller.actor.id(),
        caller.request_id.uuid(),
        &audit_ids,
        &event_ids,
        &domains,
        &names,
        &resources,
        &details,
    )
    .execute(connection)
    .await?;
    Ok(())
}
