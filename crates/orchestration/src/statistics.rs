//! How often and how fast gateways do what they are asked. Ended hours are added up by a schedule ([`housekeeping`]); what
//! is newer is counted from the attempts themselves, so nothing waits for the schedule and nothing is counted twice.
//!
//! Percentiles come from classes of durations that can be added up over hours: each is within [`PERCENTILE_ERROR`] of the
//! duration that stands at that rank.
//!
//! [`housekeeping`]: crate::housekeeping

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use gatewright_catalog::CatalogError;
use gatewright_database::TenantTx;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{OrchestrationError, connections, store};

/// Largest relative error of a percentile; migration 0014 has the same number.
pub const PERCENTILE_ERROR: f64 = 0.05;
/// How long hours are kept.
pub const HOURS_KEPT: TimeDelta = TimeDelta::days(400);
/// After its end an hour is added up so much later: by then its last attempts were written down.
pub const ROLLUP_LAG: TimeDelta = TimeDelta::minutes(5);
/// Longest range by hour.
pub const RANGE_BY_HOUR_MAX: TimeDelta = TimeDelta::days(7);
/// Longest range by day.
pub const RANGE_BY_DAY_MAX: TimeDelta = TimeDelta::days(92);
/// Most lines of one answer.
pub const LINES_MAX: usize = 10_000;

text_enum! {
    /// How time is divided.
    pub enum Period {
        /// By whole hours.
        Hour = "HOUR",
        /// By days in UTC.
        Day = "DAY",
    }
}

impl Period {
    const fn unit(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// Which attempts are counted.
#[derive(Clone, Copy, Debug)]
pub struct StatisticsFilter {
    /// Only this gateway's.
    pub connection_id: Option<GatewayId>,
    /// Whole hours from this one on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time, rounded up to a whole hour.
    pub to: Option<DateTime<Utc>>,
    /// How time is divided.
    pub by: Period,
}

/// Attempts by gateway, operation and period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statistics {
    /// From this hour on.
    pub from: DateTime<Utc>,
    /// Before this hour.
    pub to: DateTime<Utc>,
    /// How time is divided.
    pub by: Period,
    /// Largest relative error of a percentile.
    #[schema(example = 0.05)]
    pub percentile_error: f64,
    /// Newest period first; what nobody tried has no line.
    pub items: Vec<Line>,
}

/// One operation on one gateway in one period.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StatisticsLine)]
pub struct Line {
    /// When the period begins.
    pub period_at: DateTime<Utc>,
    /// The gateway.
    pub gateway_id: GatewayId,
    /// Its name.
    pub gateway_name: String,
    /// The operation. Of `OBSERVE` only failures are written down.
    #[schema(example = "ENSURE_CREDENTIAL")]
    pub operation: String,
    /// How often it was tried.
    pub attempts: i64,
    /// How often it succeeded.
    pub succeeded: i64,
    /// How often it failed.
    pub failed: i64,
    /// Successes of all attempts, 0 to 1.
    pub success_rate: f64,
    /// Half of the attempts took no longer, in milliseconds.
    pub p50_ms: f64,
    /// 95 % of the attempts took no longer.
    pub p95_ms: f64,
    /// 99 % of the attempts took no longer.
    pub p99_ms: f64,
}

/// A line with classes in the place of durations.
pub(crate) struct Counted {
    pub(crate) period_at: DateTime<Utc>,
    pub(crate) gateway_id: GatewayId,
    pub(crate) gateway_name: String,
    pub(crate) operation: String,
    pub(crate) succeeded: i64,
    pub(crate) failed: i64,
    pub(crate) p50: i16,
    pub(crate) p95: i16,
    pub(crate) p99: i16,
}

/// The duration that stands for a class, in milliseconds.
fn middle(class: i16) -> f64 {
    let width = (1.0 + PERCENTILE_ERROR) / (1.0 - PERCENTILE_ERROR);
    let middle = 2.0 * width.powi(i32::from(class)) / (width + 1.0);
    (middle * 1e3).round() / 1e3
}

impl From<Counted> for Line {
    fn from(counted: Counted) -> Self {
        let attempts = counted.succeeded + counted.failed;
        Self {
            period_at: counted.period_at,
            gateway_id: counted.gateway_id,
            gateway_name: counted.gateway_name,
            operation: counted.operation,
            attempts,
            succeeded: counted.succeeded,
            failed: counted.failed,
            success_rate: counted.succeeded as f64 / attempts.max(1) as f64,
            p50_ms: middle(counted.p50),
            p95_ms: middle(counted.p95),
            p99_ms: middle(counted.p99),
        }
    }
}

/// Counts.
pub async fn statistics(tx: &mut TenantTx, filter: StatisticsFilter) -> Result<Statistics, OrchestrationError> {
    let (longest, usual) = match filter.by {
        Period::Hour => (RANGE_BY_HOUR_MAX, TimeDelta::days(1)),
        Period::Day => (RANGE_BY_DAY_MAX, TimeDelta::days(30)),
    };
    let hour = TimeDelta::hours(1);
    let refuse = |field: &str, detail: String| CatalogError::Invalid(vec![FieldError::new(field, detail)]);
    let to = filter.to.unwrap_or_else(|| tx.now());
    let from = filter.from.unwrap_or(to - usual);
    let floor = |time: DateTime<Utc>, field: &str| {
        let floor = time.duration_trunc(hour);
        floor.map_err(|_| refuse(field, "expected a time of this era".to_owned()))
    };
    let from = floor(from, "from")?;
    let last = floor(to, "to")?;
    let to = if last == to { to } else { last + hour };
    if from >= to || to - from > longest {
        let detail = format!("expected a time before `to`, by at most {} days", longest.num_days());
        return Err(refuse("from", detail).into());
    }
    if let Some(id) = filter.connection_id {
        connections::get(tx, id).await?;
    }
    let most = i64::try_from(LINES_MAX + 1).unwrap_or(i64::MAX);
    let counted = store::statistics::count(tx, filter.connection_id, (from, to), filter.by.unit(), most).await?;
    if counted.len() > LINES_MAX {
        let detail =
            format!("the answer would have more than {LINES_MAX} lines: ask for one connection, or for less time");
        return Err(refuse("from", detail).into());
    }
    Ok(Statistics {
        from,
        to,
        by: filter.by,
        percentile_error: PERCENTILE_ERROR,
        items: counted.into_iter().map(Line::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_stands_for_each_of_its_durations_within_the_error_that_is_told() {
        let width = (1.0 + PERCENTILE_ERROR) / (1.0 - PERCENTILE_ERROR);
        let mut duration = 0.02_f64;
        while duration < 600_000.0 {
            let class = (duration.ln() / width.ln()).ceil() as i16;
            let error = (middle(class) - duration).abs() / duration;
            // Rounded to a thousandth of a millisecond.
            assert!(error <= PERCENTILE_ERROR + 0.0005 / duration, "{duration}: {error}");
            duration *= 1.013;
        }
    }
}
