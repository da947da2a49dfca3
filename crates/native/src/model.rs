//! Native gateways and what belongs to them, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_types::access::{AuthType, Environment, NodeState, RouteAccess, WhenCutOff};
use gatewright_types::ids::{
    ConsumerId, CustomerId, GatewayId, NodeId, PlanId, ProductId, RouteId, ServiceId, SubscriptionId,
};
use gatewright_types::slug::Slug;
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

text_enum! {
    /// Whose product a gateway is.
    pub enum GatewayKind {
        /// Gatewright's own.
        Native = "NATIVE",
    }
}

/// A place where requests are admitted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gateway {
    /// Its id.
    pub id: GatewayId,
    /// Whose product it is.
    pub kind: GatewayKind,
    /// Its name.
    pub name: String,
    /// First label of its host, unique in the installation.
    pub slug: Slug,
    /// Which keys it admits.
    pub environment: Environment,
    /// What its SECURE routes ask for.
    pub auth_type: AuthType,
    /// Longest request body, in bytes.
    pub max_request_body_bytes: i64,
    /// What a node does with its SECURE routes that has lost its control plane: go on with the keys that
    /// it knows, or refuse.
    pub when_cut_off: WhenCutOff,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// The built-in plan of its API consumers.
    #[serde(skip)]
    pub plan_id: PlanId,
}

/// An upstream.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its id.
    pub id: ServiceId,
    /// The gateway it belongs to.
    pub gateway_id: GatewayId,
    /// Its name, unique in the gateway.
    pub name: String,
    /// Where it is: `http://` or `https://`, host, port, base path.
    pub target_url: String,
    /// Certificate authorities (PEM) that are trusted instead of the system's.
    pub ca_pem: Option<String>,
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: i32,
    /// Longest wait for an answer, and between two parts of a body, in milliseconds.
    pub response_timeout_ms: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What a gateway does with one method and path.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Its id.
    pub id: RouteId,
    /// The gateway it belongs to.
    pub gateway_id: GatewayId,
    /// Where it goes.
    pub service_id: ServiceId,
    /// An HTTP method, or `ANY`.
    pub method: String,
    /// Template of the path that callers use.
    pub public_path: String,
    /// Template of the path that the service gets.
    pub target_path: String,
    /// Whether a credential is needed.
    pub access: RouteAccess,
    /// The product it belongs to; without one, only API consumers of the gateway reach it when it is SECURE.
    pub product_id: Option<ProductId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What an API consumer is.
    pub enum ConsumerKind {
        /// A program.
        App = "APP",
        /// A person.
        User = "USER",
        /// Another company.
        Partner = "PARTNER",
    }
}

/// An app, user or partner registered directly on one gateway.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consumer {
    /// Its id.
    pub id: ConsumerId,
    /// The one gateway it may call.
    pub gateway_id: GatewayId,
    /// What it is.
    pub kind: ConsumerKind,
    /// Its name.
    pub name: String,
    /// The customer that stands behind it.
    pub customer_id: CustomerId,
    /// Its implicit subscription to the gateway's built-in plan.
    pub subscription_id: SubscriptionId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A running gateway process. It serves the gateways of every tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Whether it is part of a control plane's process.
    pub in_process: bool,
    /// The program's version.
    pub version: String,
    /// Where it listens.
    pub addr: String,
    /// Where it stands; AWAY when it has not been heard of for 15 seconds.
    pub state: NodeState,
    /// The version of the configuration that it serves.
    pub snapshot_version: i64,
    /// How many later versions there are, of the last hour.
    pub snapshot_lag: i64,
    /// How many changes of access it has not taken in yet, of the last hour.
    pub access_lag: i64,
    /// When it was last heard of.
    pub last_seen_at: DateTime<Utc>,
    /// When it was let in.
    pub created_at: DateTime<Utc>,
}

/// How one node answered when it was told who is admitted from now on.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeAnswer {
    /// Which node.
    pub node_id: NodeId,
    /// After how many milliseconds every core of it had acknowledged; null when it had not within a
    /// second, so that the effect there is not known.
    pub acknowledged_ms: Option<f64>,
}
