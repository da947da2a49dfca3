//! `GET /audit-events/export`

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures_util::stream;
use gatewright_database::DatabaseError;
use gatewright_database::audit::export::{Export, ExportFormat};
use gatewright_database::audit::list::AuditFilter;
use gatewright_database::audit::row::{ActorId, Outcome};
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::principal::Operator;

/// Which events are wanted and how; what is absent is not asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// How the file is written.
    format: ExportFormat,
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
    /// Before this time; now when absent.
    to: Option<DateTime<Utc>>,
}

impl From<ExportQuery> for AuditFilter {
    fn from(query: ExportQuery) -> Self {
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

/// Export audit events as one file, newest first. The export is itself an audit event.
///
/// A file that breaks off is not whole: the connection is then closed before its end.
#[utoipa::path(get, path = "/audit-events/export", tag = "Audit", params(ExportQuery), responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(crate) async fn export_audit_events(
    operator: Operator,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let format = query.format;
    let mut tx = operator.begin().await?;
    let export = Export::begin(&mut tx, query.into(), format);
    tx.commit().await?;

    let pieces = stream::try_unfold((operator, export), |(operator, mut export)| async move {
        let mut tx = operator.begin_quietly().await?;
        let piece = export.next(&mut tx).await?;
        Ok::<_, DatabaseError>(piece.map(|piece| (piece, (operator, export))))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(match format {
            ExportFormat::Csv => "attachment; filename=\"audit-events.csv\"",
            ExportFormat::Ndjson => "attachment; filename=\"audit-events.ndjson\"",
        }),
    );
    Ok(response)
}
