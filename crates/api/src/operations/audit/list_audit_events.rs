//! `GET /audit-events`

use axum::Json;
use chrono::{DateTime, Utc};
use gatewright_database::PageRequest;
use gatewright_database::audit::list::{AuditFilter, list};
use gatewright_database::audit::row::{ActorId, AuditEvent, Outcome};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which events are wanted; what is absent is not asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Done by this operator, developer or person.
    #[param(value_type = Option<String>)]
    actor_id: Option<ActorId>,
    /// This action, exactly, as in `key.rotated`.
    action: Option<String>,
    /// Done to the object with this id.
    resource_id: Option<String>,
    /// With this outcome.
    outcome: Option<Outcome>,
    /// At this time or later.
    from: Option<DateTime<Utc>>,
    /// Before this time.
    to: Option<DateTime<Utc>>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

impl From<AuditQuery> for AuditFilter {
    fn from(query: AuditQuery) -> Self {
        Self {
            actor_id: query.actor_id,
            action: query.action,
            resource_id: query.resource_id,
            outcome: query.outcome,
            from: query.from,
            to: query.to,
        }
    }
}

impl AuditQuery {
    /// Which page is wanted.
    pub(super) fn page(&self) -> Result<PageRequest, ApiError> {
        page_request(self.limit, self.cursor.as_deref())
    }
}

/// List audit events: who did what, from where, and what was refused.
///
/// They cannot be changed; `gatewright audit verify` proves that nobody has.
#[utoipa::path(get, path = "/audit-events", tag = "Audit", params(AuditQuery), responses((status = 200, description = "A page, newest first", body = List<AuditEvent>)))]
pub(crate) async fn list_audit_events(
    operator: Operator,
    Query(query): Query<AuditQuery>,
) -> Result<Json<List<AuditEvent>>, ApiError> {
    let request = query.page()?;
    let mut tx = operator.begin().await?;
    let page = list(&mut tx, &query.into(), request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
