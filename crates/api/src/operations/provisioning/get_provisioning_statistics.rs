//! `GET /provisioning/statistics`

use axum::Json;
use chrono::{DateTime, Utc};
use gatewright_orchestration::statistics::{self, Period, Statistics, StatisticsFilter};
use gatewright_types::ids::GatewayId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::principal::Operator;

/// What is counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatisticsQuery {
    /// Only on this connected gateway.
    connection_id: Option<GatewayId>,
    /// From this hour on; a day, or by DAY 30 days, before `to` when absent. At most 7 days by HOUR and 92 by DAY.
    from: Option<DateTime<Utc>>,
    /// Before this time, rounded up to a whole hour; now when absent.
    to: Option<DateTime<Utc>>,
    /// How time is divided; HOUR when absent.
    #[param(inline)]
    by: Option<Period>,
}

/// Count what was tried on connected gateways: attempts, successes, failures and durations by gateway, operation and period.
///
/// Percentiles are of all attempts of a line, successes and failures, and within 5 % of the duration at that rank.
#[utoipa::path(get, path = "/provisioning/statistics", tag = "Provisioning", params(StatisticsQuery), responses((status = 200, description = "Up to 10,000 lines", body = Statistics)))]
pub(crate) async fn get_provisioning_statistics(
    operator: Operator,
    Query(query): Query<StatisticsQuery>,
) -> Result<Json<Statistics>, ApiError> {
    let filter = StatisticsFilter {
        connection_id: query.connection_id,
        from: query.from,
        to: query.to,
        by: query.by.unwrap_or(Period::Hour),
    };
    let mut tx = operator.begin().await?;
    Ok(Json(statistics::statistics(&mut tx, filter).await?))
}
