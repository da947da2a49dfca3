//! Who acts, and the record of what was done.

use std::fmt::Display;
use std::net::IpAddr;

use chrono::{DateTime, Utc};
use gatewright_types::ids::{
    AuditId, DeveloperId, EventId, OperatorId, PersonId, RequestId, SessionId, TenantId, TokenId,
};
use gatewright_types::{Clock, ProblemCode, Rng};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::audit::redact::redact;
use crate::{Database, DatabaseError, SystemUse};

/// Under what the installation's own audit rows and kept answers stand: no tenant has this id (migration 0011).
pub const INSTALLATION: TenantId = TenantId::from_uuid(Uuid::nil());

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

/// By which way a request came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The token that it showed.
    pub token_id: Option<TokenId>,
    /// The session that it belonged to.
    pub session_id: Option<SessionId>,
    /// The other end of its connection, an IPv4 address never as IPv6.
    pub peer: Option<IpAddr>,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person or script of the tenant.
    Operator(OperatorId),
    /// A developer of a customer.
    Developer(DeveloperId),
    /// A person who signed in, in their own matters.
    Person(PersonId),
    /// Whoever runs the installation.
    Installation,
    /// Gatewright itself.
    System,
}

impl Actor {
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Operator(_) => "OPERATOR",
            Self::Developer(_) => "DEVELOPER",
            Self::Person(_) => "PERSON",
            Self::Installation => "INSTALLATION",
            Self::System => "SYSTEM",
        }
    }

    /// The id, where there is one.
    pub const fn id(self) -> Option<Uuid> {
        match self {
            Self::Operator(id) => Some(id.uuid()),
            Self::Developer(id) => Some(id.uuid()),
            Self::Person(id) => Some(id.uuid()),
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
    /// What other systems are told; the audit log as well, unless there are changes.
    pub(crate) detail: Value,
    /// The fields that changed.
    pub(crate) changes: Option<Value>,
}

impl Happened {
    /// Something that was done; whatever could be a secret is taken out.
    pub(crate) fn new(
        (clock, rng): (&Clock, &Rng),
        domain: &'static str,
        name: &'static str,
        resource_id: impl Display,
        mut detail: Value,
    ) -> Self {
        redact(&mut detail);
        Self {
            audit_id: AuditId::mint(clock, rng),
            event_id: EventId::mint(clock, rng),
            domain,
            name,
            resource_id: resource_id.to_string(),
            detail,
            changes: None,
        }
    }
}

/// Writes everything that happened in one statement.
pub(crate) async fn write(
    connection: &mut PgConnection,
    caller: &Caller,
    origin: &Origin,
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
    let changes: Vec<Option<Value>> = happened.iter().map(|one| one.changes.clone()).collect();
    sqlx::query!(
        r#"WITH happened AS (
             SELECT * FROM UNNEST($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::jsonb[])
               AS happened (audit_id, event_id, domain, name, resource_id, detail, changes)
           ), audited AS (
             INSERT INTO audit_events (tenant_id, id, occurred_at, actor_kind, actor_id, request_id, action, resource_id, detail, changes, token_id, peer_address, session_id)
             SELECT $1, audit_id, $2, $3, $4, $5, name, resource_id,
                    CASE WHEN changes IS NULL THEN detail ELSE '{}' END, coalesce(changes, '{}'), $13, $14, $15 FROM happened
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
        &changes as &[Option<Value>],
        origin.token_id.map(TokenId::uuid),
        origin.peer.map(|peer| peer.to_string()),
        origin.session_id.map(SessionId::uuid),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes an audit row of the installation's own. There is no event: no tenant's systems are told.
pub(crate) async fn write_installation(
    connection: &mut PgConnection,
    caller: &Caller,
    origin: &Origin,
    at: DateTime<Utc>,
    happened: &Happened,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO audit_events (tenant_id, id, occurred_at, actor_kind, request_id, action, resource_id, detail, changes, peer_address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', $8, $9)",
        INSTALLATION.uuid(),
        happened.audit_id.uuid(),
        at,
        caller.actor.kind(),
        caller.request_id.uuid(),
        happened.name,
        happened.resource_id,
        happened.changes.clone().unwrap_or_default(),
        origin.peer.map(|peer| peer.to_string()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Something that was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    /// The operation that was asked for.
    pub action: &'a str,
    /// What it was to be done to; empty where there is no such thing.
    pub resource_id: &'a str,
    /// Why.
    pub code: ProblemCode,
}

impl Database {
    /// Writes down that somebody was refused, in a transaction of its own; three round trips.
    pub async fn refused(&self, caller: Caller, origin: Origin, refused: Refused<'_>) -> Result<(), DatabaseError> {
        if caller.tenant_id == INSTALLATION {
            let mut tx = self.system(SystemUse::AuditInstallation).await?;
            self.write_refusal(&mut tx, caller, origin, refused).await?;
            return tx.commit().await;
        }
        let mut tx = self.tenant_from(caller, origin).await?;
        self.write_refusal(&mut tx, caller, origin, refused).await?;
        tx.commit().await
    }

    async fn write_refusal(
        &self,
        connection: &mut PgConnection,
        caller: Caller,
        origin: Origin,
        refused: Refused<'_>,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "INSERT INTO audit_events (tenant_id, id, occurred_at, actor_kind, actor_id, request_id, action, resource_id,
                                       detail, token_id, peer_address, outcome, problem_code, session_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '{}', $9, $10, 'REFUSED', $11, $12)",
            caller.tenant_id.uuid(),
            AuditId::mint(self.clock(), self.rng()).uuid(),
            self.clock().now(),
            caller.actor.kind(),
            caller.actor.id(),
            caller.request_id.uuid(),
            refused.action,
            refused.resource_id,
            origin.token_id.map(TokenId::uuid),
            origin.peer.map(|peer| peer.to_string()),
            refused.code.as_str(),
            origin.session_id.map(SessionId::uuid),
        )
        .execute(connection)
        .await?;
        Ok(())
    }
}
