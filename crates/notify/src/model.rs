//! Webhook endpoints and what is sent to them, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_egress::Timings;
use gatewright_types::ids::{DeliveryId, EventId, WebhookEndpointId};
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

text_enum! {
    /// Whether events are sent to an endpoint.
    pub enum EndpointState {
        /// They are.
        Enabled = "ENABLED",
        /// They are not, and what is on its way is given up.
        Disabled = "DISABLED",
    }
}

text_enum! {
    /// Why an endpoint is disabled.
    pub enum DisabledReason {
        /// An operator wanted it.
        Operator = "OPERATOR",
        /// It answered 410 Gone.
        Gone = "GONE",
        /// It has failed for five days.
        Failing = "FAILING",
    }
}

text_enum! {
    /// Where a delivery stands.
    pub enum DeliveryState {
        /// Another attempt follows.
        Pending = "PENDING",
        /// The endpoint answered 2xx.
        Delivered = "DELIVERED",
        /// All attempts have failed, or the endpoint was disabled. It can be replayed.
        Failed = "FAILED",
    }
}

/// Where events of a tenant are sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEndpoint {
    /// Its id.
    pub id: WebhookEndpointId,
    /// Where it is.
    #[schema(example = "https://example.com/hooks/gatewright")]
    pub url: String,
    /// What it is for.
    pub description: String,
    /// Which events it wants: types like `catalog.product.created`, or `catalog.*`. Empty: all.
    pub event_types: Vec<String>,
    /// Who gets a mail when it is disabled because it fails.
    pub contact_email: Option<String>,
    /// Whether events are sent to it.
    pub state: EndpointState,
    /// Why not; null where they are.
    pub disabled_reason: Option<DisabledReason>,
    /// Since when not; null where they are.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Since when every attempt has failed; null where the last one did not.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// How often its secret was made.
    #[serde(skip)]
    pub secret_version: i32,
}

/// One event on its way to one endpoint.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub endpoint_id: WebhookEndpointId,
    /// The event; also the `webhook-id` by which the receiver tells repetitions.
    pub event_id: EventId,
    /// What happened.
    #[schema(example = "catalog.product.created")]
    pub event_type: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// When the next attempt is due; null unless it is PENDING.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// What was tried, first to last.
    pub attempts: Vec<Attempt>,
    /// The body that is sent; missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub ended_at: Option<DateTime<Utc>>,
}

/// One attempt.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The first one is 1.
    pub number: i32,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The HTTP status that was answered; null where nothing was.
    pub status: Option<i16>,
    /// Why there was no answer; null where there was one.
    pub error: Option<String>,
    /// Where the time went; null where there was no answer.
    pub timings: Option<AttemptTimings>,
    /// The first 4 KiB of the answer; missing in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Whether the answer was longer.
    pub answer_cut: bool,
}

/// The phases of an attempt, in milliseconds. Null: there was no such phase.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttemptTimings {
    /// Whether a connection was there already.
    pub reused: bool,
    /// Looking up the name.
    pub dns_ms: Option<f64>,
    /// Connecting.
    pub connect_ms: Option<f64>,
    /// Agreeing on TLS.
    pub tls_ms: Option<f64>,
    /// From the request's start to the end of the answer's head.
    pub first_byte_ms: f64,
    /// Reading the answer.
    pub transfer_ms: f64,
}

impl From<Timings> for AttemptTimings {
    fn from(timings: Timings) -> Self {
        let ms = |phase: std::time::Duration| (phase.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            reused: timings.reused,
            dns_ms: timings.dns.map(ms),
            connect_ms: timings.connect.map(ms),
            tls_ms: timings.tls.map(ms),
            first_byte_ms: ms(timings.first_byte),
            transfer_ms: ms(timings.transfer),
        }
    }
}
