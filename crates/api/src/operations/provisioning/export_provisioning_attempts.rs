//! `GET /provisioning/attempts/export`

use axum::body::Body;
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures_util::stream;
use gatewright_database::audit::export::ExportFormat;
use gatewright_orchestration::OrchestrationError;
use gatewright_orchestration::history::{AttemptFilter, AttemptOutcome, Export};
use gatewright_types::ids::{GatewayId, SubscriptionId};
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::principal::Operator;

/// Which attempts are wanted and how; what is absent is not asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptExportQuery {
    /// How the file is written.
    format: ExportFormat,
    /// On this connected gateway.
    connection_id: Option<GatewayId>,
    /// For this subscription.
    subscription_id: Option<SubscriptionId>,
    /// This operation, exactly, as in `ENSURE_CREDENTIAL`.
    operation: Option<String>,
    /// With this outcome.
    outcome: Option<AttemptOutcome>,
    /// Begun at this time or later.
    since: Option<DateTime<Utc>>,
    /// Begun before this time; now when absent.
    until: Option<DateTime<Utc>>,
}

/// Export what was tried on connected gateways as one file, newest first. The export is an audit event.
///
/// A file that breaks off is not whole: the connection is then closed before its end.
#[utoipa::path(get, path = "/provisioning/attempts/export", tag = "Provisioning", params(AttemptExportQuery), responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/x-ndjson")))))]
pub(crate) async fn export_provisioning_attempts(
    operator: Operator,
    Query(query): Query<AttemptExportQuery>,
) -> Result<Response, ApiError> {
    let format = query.format;
    let filter = AttemptFilter {
        connection_id: query.connection_id,
        subscription_id: query.subscription_id,
        operation: query.operation,
        outcome: query.outcome,
        since: query.since,
        until: query.until,
    };
    let mut tx = operator.begin().await?;
    let export = Export::begin(&mut tx, filter, format);
    tx.commit().await?;

    let pieces = stream::try_unfold((operator, export), |(operator, mut export)| async move {
        let mut tx = operator.begin_quietly().await?;
        let piece = export.next(&mut tx).await?;
        Ok::<_, OrchestrationError>(piece.map(|piece| (piece, (operator, export))))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(match format {
            ExportFormat::Csv => "attachment; filename=\"provisioning-attempts.csv\"",
            ExportFormat::Ndjson => "attachment; filename=\"provisioning-attempts.ndjson\"",
        }),
    );
    Ok(response)
}
