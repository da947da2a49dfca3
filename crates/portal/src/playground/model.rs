//! A call that was made from the portal, as the API shows and keeps it.

use chrono::{DateTime, Utc};
use gatewright_egress::Timings;
use gatewright_spec::place::Place;
use gatewright_spec::values::Values;
use gatewright_types::access::Environment;
use gatewright_types::ids::{GatewayId, KeyId, PlaygroundRunId, SubscriptionId};
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

text_enum! {
    /// Where a call came from.
    pub enum Source {
        /// Somebody tried an operation out in the portal.
        Playground = "PLAYGROUND",
    }
}

/// A call from the portal, and what came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaygroundRun {
    /// Its id.
    pub id: PlaygroundRunId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The description's slug.
    pub reference: String,
    /// The operation's slug.
    pub operation: String,
    /// On which gateway.
    pub gateway_id: GatewayId,
    /// With which key; null: with none.
    pub key_id: Option<KeyId>,
    /// Always PLAYGROUND.
    pub source: Source,
    /// What was filled in, without secrets; null where it was too long to be kept.
    pub values: Option<Values>,
    /// What was sent.
    pub request: SentRequest,
    /// What came back; null where nothing did. Of an earlier run without its body.
    pub answer: Option<ReceivedAnswer>,
    /// Where the time went.
    pub timings: Option<RunTimings>,
    /// Why there is no answer, or only a part of it.
    pub failure: Option<RunFailure>,
}

/// A request, without the credential.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SentRequest {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Its header fields; in the place of the credential, the key's beginning and end.
    pub headers: Vec<(String, String)>,
    /// The beginning of its body, where that is text.
    pub body_excerpt: Option<String>,
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedAnswer {
    /// Its status.
    pub status: u16,
    /// Its header fields, without cookies and what concerns the connection only.
    pub headers: Vec<(String, String)>,
    /// Its media type, as it says.
    pub media_type: Option<String>,
    /// Its body, where that is text.
    pub body: Option<String>,
    /// Its body, where that is no text.
    pub base64: Option<String>,
    /// How many bytes came, as far as they were read.
    pub bytes: u64,
    /// Whether there was more than is shown.
    pub cut: bool,
    /// Whether the credential was in it, and was taken out.
    pub stripped: bool,
    /// Why the body is not shown.
    pub note: Option<String>,
}

/// Where the time of a call went, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunTimings {
    /// Whether a connection was there already; then the next three are null.
    pub reused: bool,
    /// Looking up the name.
    pub dns_ms: Option<f64>,
    /// Connecting.
    pub connect_ms: Option<f64>,
    /// Agreeing on TLS.
    pub tls_ms: Option<f64>,
    /// From sending the request to the end of the answer's head.
    pub first_byte_ms: f64,
    /// From there to the body's end, or to where it was cut.
    pub transfer_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

impl From<Timings> for RunTimings {
    fn from(timings: Timings) -> Self {
        let ms = |duration: std::time::Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
        Self {
            reused: timings.reused,
            dns_ms: timings.dns.map(ms),
            connect_ms: timings.connect.map(ms),
            tls_ms: timings.tls.map(ms),
            first_byte_ms: ms(timings.first_byte),
            transfer_ms: ms(timings.transfer),
            total_ms: ms(timings.total),
        }
    }
}

/// Why a call failed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunFailure {
    /// A problem's code; `docs/errors` has a page about each.
    pub code: String,
    /// That code in one line.
    pub title: String,
    /// What happened.
    pub detail: String,
}

/// What somebody can call with, and where.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaygroundOptions {
    /// Gateways that serve the product.
    pub places: Vec<Place>,
    /// Keys of one's customer that cover the product; the 100 newest.
    pub keys: Vec<KeyOption>,
}

/// A key to call with.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyOption {
    /// The key.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Its beginning and its end.
    #[schema(example = "sk_test_…4x9Q")]
    pub shown: String,
    /// Where it may be used.
    pub environment: Environment,
    /// What gives it its right to exist.
    pub subscription_id: Option<SubscriptionId>,
    /// Whether any gateway admits it.
    pub usable: bool,
    /// Why none does.
    pub why: Option<String>,
    /// Those that do.
    pub gateway_ids: Vec<GatewayId>,
}
