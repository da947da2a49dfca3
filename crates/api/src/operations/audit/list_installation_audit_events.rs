//! `GET /installation/audit-events`

use axum::Json;
use axum::extract::State;
use gatewright_database::SystemUse;
use gatewright_database::audit::list::list_installation;
use gatewright_database::audit::row::AuditEvent;

use super::list_audit_events::AuditQuery;
use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::List;
use crate::principal::Installation;

/// List what was done to the installation itself: nodes let in and shut out, tenants and tokens made.
///
/// It says nothing of what happens inside of a tenant, which has a log of its own.
#[utoipa::path(get, path = "/installation/audit-events", tag = "Audit", params(AuditQuery), responses((status = 200, description = "A page, newest first", body = List<AuditEvent>)))]
pub(crate) async fn list_installation_audit_events(
    State(state): State<ApiState>,
    _: Installation,
    Query(query): Query<AuditQuery>,
) -> Result<Json<List<AuditEvent>>, ApiError> {
    let request = query.page()?;
    let mut tx = state.database().system(SystemUse::AuditInstallation).await?;
    let page = list_installation(&mut tx, &query.into(), request).await?;
    tx.close().await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
