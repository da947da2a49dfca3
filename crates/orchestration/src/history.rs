//! What was tried on gateways, and how their circuit breakers moved: the provisioning audit. It decides nothing.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::audit::export::ExportFormat;
use gatewright_database::page::PAGE_MAX;
use gatewright_database::{Page, PageRequest, TenantTx, csv};
use gatewright_types::ids::{EventId, GatewayId, RequestId, SubscriptionId};
use gatewright_types::text_enum;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::breaker::BreakerState;
use crate::{OrchestrationError, connections, store};

/// How long attempts are kept.
pub const ATTEMPTS_KEPT: TimeDelta = TimeDelta::days(90);
/// How long it is kept how circuit breakers moved.
pub const BREAKER_CHANGES_KEPT: TimeDelta = TimeDelta::days(90);
/// How far the time in an attempt's id may lie from the time it tells: an id is made when its call has ended.
const ID_TIME_SLACK: TimeDelta = TimeDelta::hours(1);

text_enum! {
    /// What came of one call to a gateway.
    pub enum AttemptOutcome {
        /// The gateway did it.
        Succeeded = "SUCCEEDED",
        /// It did not, or it is not known.
        Failed = "FAILED",
    }
}

/// One step that was tried on a gateway. Looking (`OBSERVE`) is written down only where it failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Its id.
    pub id: EventId,
    /// When it began.
    pub attempted_at: DateTime<Utc>,
    /// On which gateway.
    pub gateway_id: GatewayId,
    /// The gateway's name.
    pub gateway_name: String,
    /// For which subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// For which credential there.
    pub number: Option<i32>,
    /// What was tried.
    #[schema(example = "ENSURE_CREDENTIAL")]
    pub operation: String,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// Of a failure: its class, which decides what is done next.
    #[schema(example = "THROTTLED")]
    pub fault: Option<String>,
    /// Of a failure: what happened, in the gateway's words or ours.
    pub error: Option<String>,
    /// Of a failure: the status of the gateway's answer, where there was one.
    pub status: Option<i16>,
    /// The how-manieth try it was since it last stood as desired, from 1.
    pub attempt: i32,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The request that asked for it.
    pub request_id: Option<RequestId>,
}

/// Which attempts are wanted; what is absent is not asked for.
#[derive(Clone, Debug, Default)]
pub struct AttemptFilter {
    /// On this gateway.
    pub connection_id: Option<GatewayId>,
    /// For this subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// This operation, exactly.
    pub operation: Option<String>,
    /// With this outcome.
    pub outcome: Option<AttemptOutcome>,
    /// Begun at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub until: Option<DateTime<Utc>>,
}

impl AttemptFilter {
    /// The first id that may be meant, and the first that no longer may: ids sort by time.
    pub(crate) fn id_bounds(&self) -> (Uuid, Uuid) {
        let bound = |time: DateTime<Utc>| {
            let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0);
            uuid::Builder::from_unix_timestamp_millis(ms, &[0; 10]).into_uuid()
        };
        let floor = self.since.and_then(|since| since.checked_sub_signed(ID_TIME_SLACK));
        let ceiling = self.until.and_then(|until| until.checked_add_signed(ID_TIME_SLACK));
        (floor.map_or(Uuid::nil(), bound), ceiling.map_or(Uuid::max(), bound))
    }
}

/// A page of attempts, newest first.
pub async fn attempts(
    tx: &mut TenantTx,
    filter: &AttemptFilter,
    request: PageRequest,
) -> Result<Page<Attempt>, OrchestrationError> {
    let rows = store::attempts::list(tx, filter, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// The columns of a CSV file of attempts.
const COLUMNS: [&str; 14] = [
    "attemptedAt",
    "id",
    "gatewayId",
    "gatewayName",
    "subscriptionId",
    "number",
    "operation",
    "outcome",
    "fault",
    "error",
    "status",
    "attempt",
    "durationMs",
    "requestId",
];

/// A file of attempts under way, newest first: a page at a time, so that a long one needs no more memory than a short one.
#[derive(Debug)]
pub struct Export {
    filter: AttemptFilter,
    format: ExportFormat,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Beginning,
    After(Uuid),
    End,
}

impl Export {
    /// Begins a file, which is itself noted in the audit log.
    pub fn begin(tx: &mut TenantTx, mut filter: AttemptFilter, format: ExportFormat) -> Self {
        // What happens meanwhile belongs to the next file.
        filter.until = Some(filter.until.unwrap_or_else(|| tx.now()));
        let detail = json!({
            "format": format,
            "connectionId": filter.connection_id,
            "subscriptionId": filter.subscription_id,
            "operation": filter.operation,
            "outcome": filter.outcome,
            "since": filter.since,
            "until": filter.until,
        });
        let tenant_id = tx.tenant_id();
        tx.happened("orchestration", "attempts.exported", tenant_id, detail);
        let next = Next::Beginning;
        Self { filter, format, next }
    }

    /// The next piece of the file; none when it has ended.
    pub async fn next(&mut self, tx: &mut TenantTx) -> Result<Option<String>, OrchestrationError> {
        let mut text = String::new();
        let after = match self.next {
            Next::End => return Ok(None),
            Next::After(after) => Some(after),
            Next::Beginning => {
                if self.format == ExportFormat::Csv {
                    csv::head(&mut text, &COLUMNS);
                }
                None
            }
        };
        let page = attempts(tx, &self.filter, PageRequest { after, limit: PAGE_MAX }).await?;
        for attempt in &page.items {
            match self.format {
                ExportFormat::Csv => csv::row(&mut text, &COLUMNS, &json!(attempt)),
                ExportFormat::Ndjson => {
                    text.push_str(&json!(attempt).to_string());
                    text.push('\n');
                }
            }
        }
        self.next = match page.items.last() {
            Some(last) if page.more => Next::After(last.id.uuid()),
            _ => Next::End,
        };
        Ok(Some(text))
    }
}

/// A move of a circuit breaker.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BreakerChange {
    /// Its id.
    pub id: EventId,
    /// When it moved.
    pub changed_at: DateTime<Utc>,
    /// From where.
    pub from: BreakerState,
    /// To where.
    pub to: BreakerState,
    /// Why: the last failure's words, or what ended it.
    pub reason: String,
}

/// How a gateway's circuit breaker moved, newest first.
pub async fn breaker_changes(
    tx: &mut TenantTx,
    id: GatewayId,
    request: PageRequest,
) -> Result<Page<BreakerChange>, OrchestrationError> {
    connections::get(tx, id).await?;
    let rows = store::health::changes(tx, id, request).await?;
    Ok(Page::from_rows(rows, request))
}
