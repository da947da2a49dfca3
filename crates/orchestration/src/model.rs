//! Connected gateways and what each has of a subscription, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_catalog::SubscriptionState;
use gatewright_connectors::choice::{Choice, Layout, Rotation};
use gatewright_connectors::model::{Overlap, Report, Vendor};
use gatewright_types::access::Environment;
use gatewright_types::ids::{CustomerId, GatewayId, KeyId, ProductId, SubscriptionId};
use gatewright_types::text_enum;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::breaker::BreakerState;

text_enum! {
    /// Where a connection stands.
    pub enum ConnectionState {
        /// In use.
        Connected = "CONNECTED",
        /// Nothing is sent; what is to be done waits.
        Disabled = "DISABLED",
        /// What we made there is being taken away; then the connection is gone.
        Disconnecting = "DISCONNECTING",
    }
}

text_enum! {
    /// Who makes the secrets of a gateway.
    pub enum SecretMode {
        /// We do: one secret of a key on every gateway.
        PlatformProvided = "PLATFORM_PROVIDED",
        /// The gateway does: a secret of its own for each key.
        GatewayGenerated = "GATEWAY_GENERATED",
    }
}

text_enum! {
    /// What is done about what somebody changed on a gateway.
    pub enum DriftPolicy {
        /// It is reported and left so.
        Report = "REPORT",
        /// What can be repaired is brought back to what is desired.
        Repair = "REPAIR",
    }
}

text_enum! {
    /// How far a subscription may go on a gateway.
    pub(crate) enum Stage {
        /// It is prepared, and nothing that would admit anybody is done.
        Held = "HELD",
        /// All the way.
        Live = "LIVE",
    }
}

impl Stage {
    /// What has not begun stays inert.
    pub(crate) fn of(state: SubscriptionState) -> Self {
        match state {
            SubscriptionState::Created => Self::Held,
            _ => Self::Live,
        }
    }
}

/// A connected gateway; never its credentials.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// The gateway's id.
    pub id: GatewayId,
    /// Whose product it is.
    pub vendor: Vendor,
    /// A name for people.
    pub name: String,
    /// Which keys it is given.
    pub environment: Environment,
    /// Where it stands.
    pub state: ConnectionState,
    /// Whether a subscription waits for it; at most one of a tenant.
    pub primary: bool,
    /// Who makes its secrets.
    pub secret_mode: SecretMode,
    /// How it is reached, per vendor.
    #[schema(value_type = Object)]
    pub settings: Value,
    /// Most calls per second to its management API.
    pub calls_per_second: i32,
    /// What is done about what differs there by itself.
    pub drift_policy: DriftPolicy,
    /// What was found when it was last verified.
    #[schema(value_type = Report)]
    pub report: Value,
    /// When that was.
    pub verified_at: Option<DateTime<Utc>>,
    /// Its circuit breaker.
    pub breaker: BreakerState,
    /// Until when nothing is sent, because its circuit breaker is open.
    pub retry_at: Option<DateTime<Utc>>,
    /// When it last did what was asked.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// When it was connected.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a subscription, or one credential of it, stands on a gateway.
    pub enum ProvisioningState {
        /// To be done.
        Pending = "PENDING",
        /// There and inert: it waits for the others.
        Preparing = "PREPARING",
        /// Read back as desired, and working.
        Active = "ACTIVE",
        /// Read back as desired, and nobody is admitted.
        Suspended = "SUSPENDED",
        /// The gateway refuses it; somebody has to change something.
        Failed = "FAILED",
        /// Somebody changed it there, and it was left so.
        Drifted = "DRIFTED",
        /// The gateway does not answer; it is tried again.
        Unreachable = "UNREACHABLE",
        /// Its secret is not known any more: a rotation makes a new one.
        NeedsRotation = "NEEDS_ROTATION",
        /// Read back as gone.
        Removed = "REMOVED",
    }
}

text_enum! {
    /// Where a secret that a gateway made stands.
    pub enum SecretState {
        /// The gateway has not made it yet.
        Pending = "PENDING",
        /// It can be revealed, once.
        Ready = "READY",
        /// It was revealed.
        Revealed = "REVEALED",
    }
}

text_enum! {
    /// What a subscription waits for.
    pub enum Activation {
        /// The primary gateway; the others follow.
        PrimaryFirst = "PRIMARY_FIRST",
        /// All gateways: nothing is revealed or works before every one is prepared.
        AllGateways = "ALL_GATEWAYS",
    }
}

text_enum! {
    /// How a gateway belongs to us.
    pub enum GatewayKind {
        /// Ours.
        Native = "NATIVE",
        /// Connected.
        Connected = "CONNECTED",
    }
}

/// A subscription on one gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionGateway {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// Its name.
    pub gateway_name: String,
    /// Whether it is ours or connected.
    pub kind: GatewayKind,
    /// Whether the subscription waited for it.
    pub primary: bool,
    /// Where it stands there.
    pub state: ProvisioningState,
    /// Why it is not as desired, in words.
    pub last_error: Option<String>,
    /// Since when it is not.
    pub failing_since: Option<DateTime<Utc>>,
    /// How often it was tried since.
    pub attempts: i32,
    /// When it is tried next.
    pub next_try_at: Option<DateTime<Utc>>,
    /// When what is desired now was read back; null while it was not.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// From when on it surely acts everywhere on the gateway, its own caches included.
    pub effective_by: Option<DateTime<Utc>>,
    /// The credentials there.
    pub credentials: Vec<GatewayCredential>,
}

/// What becomes of the old secret on a connected gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotatedGateway {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// Its name.
    pub gateway_name: String,
    /// Whether old and new are valid side by side there.
    pub overlap: Overlap,
    /// While both are valid the customer may call twice as much there: the gateway counts them apart.
    pub overlap_doubles_quota: bool,
    /// How long the gateway may take to act on a change everywhere, in seconds: so long the old secret may pass after its end.
    pub propagation_seconds: u32,
}

/// A credential on one gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayCredential {
    /// Whose.
    pub key_id: KeyId,
    /// Which of the key's secrets.
    pub secret_version: i32,
    /// Where it stands.
    pub state: ProvisioningState,
    /// Of a secret that the gateway makes: whether it can be revealed. Null where the key's own is used.
    pub secret: Option<SecretState>,
    /// The gateway's own id of it.
    pub remote_id: Option<String>,
    /// Of a superseded secret: when it is taken away there.
    pub ends_at: Option<DateTime<Utc>>,
    /// When it was read back.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// What of a gateway stands for a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductMapping {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The product.
    pub product_id: ProductId,
    /// What access is given to there.
    pub scope: Vec<String>,
    /// How many objects a subscription is there; null where the gateway leaves no choice, or its own way was taken.
    pub layout: Option<Layout>,
    /// What becomes of the old secret when a key is rotated; null: as the gateway was connected.
    pub rotation: Option<Rotation>,
    /// What is open by default there, and an operator accepted.
    pub accepted_open: Vec<String>,
    /// What an operator should know.
    pub warnings: Vec<String>,
    /// Where callers reach the product there, without a slash at its end; null: nobody said, and the portal does not call it.
    #[schema(example = "https://api.example.com/translate")]
    pub public_url: Option<String>,
    /// The header field that the gateway reads the key from there; null: the vendor's usual one.
    #[schema(example = "X-Api-Key")]
    pub credential_header: Option<String>,
    /// When it was mapped.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl ProductMapping {
    /// What was chosen.
    pub const fn choice(&self) -> Choice {
        Choice {
            layout: self.layout,
            rotation: self.rotation,
        }
    }
}

/// An application that a worker has taken on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApplicationKey {
    /// On which gateway.
    pub connection_id: GatewayId,
    /// Of which subscription.
    pub subscription_id: SubscriptionId,
    /// Of which customer.
    pub customer_id: CustomerId,
}

/// What an application needs next, and how soon: smaller goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody's access ends.
    Security = 0,
    /// Somebody waits.
    Interactive = 1,
    /// Everything else.
    Normal = 2,
    /// Large, and in no hurry.
    Bulk = 3,
}

impl Urgency {
    /// As the database keeps it.
    pub const fn as_i16(self) -> i16 {
        self as i16
    }
}
