//! `GET /provisioning/attempts`

use axum::Json;
use chrono::{DateTime, Utc};
use gatewright_orchestration::history::{self, Attempt, AttemptFilter, AttemptOutcome};
use gatewright_types::ids::{GatewayId, SubscriptionId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which attempts are wanted; what is absent is not asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptQuery {
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
    /// Begun before this time.
    until: Option<DateTime<Utc>>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List what was tried on connected gateways: what, when, for how long, and what the gateway said. Kept for 90 days.
///
/// Looking at a gateway (`OBSERVE`) is listed only where it failed.
#[utoipa::path(get, path = "/provisioning/attempts", tag = "Provisioning", params(AttemptQuery), responses((status = 200, description = "A page, newest first", body = List<Attempt>)))]
pub(crate) async fn list_provisioning_attempts(
    operator: Operator,
    Query(query): Query<AttemptQuery>,
) -> Result<Json<List<Attempt>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let filter = AttemptFilter {
        connection_id: query.connection_id,
        subscription_id: query.subscription_id,
        operation: query.operation,
        outcome: query.outcome,
        since: query.since,
        until: query.until,
    };
    let mut tx = operator.begin().await?;
    let page = history::attempts(&mut tx, &filter, request).await?;
    Ok(Json(List::new(page, |item| item.id.uuid())))
}
