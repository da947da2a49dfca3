//! What the control plane tells a node about gateways: plain data, as it travels.
//!
//! It is judged once, by [`crate::Snapshot::compile`]; nothing else reads it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use gatewright_types::CredentialHash;
use gatewright_types::access::{AuthType, Environment, RouteAccess, WhenCutOff};
use gatewright_types::ids::{GatewayId, ProductId, RouteId, ServiceId, TenantId};
use gatewright_types::slug::Slug;
use serde::{Deserialize, Serialize};

/// So many bytes of its hash name a key: enough to tell eight apart.
const PERMIT_KEY_ID_BYTES: usize = 12;

/// Every native gateway of an installation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotConfig {
    /// Rises with every change.
    pub version: u64,
    /// A gateway's host is `<slug>.<base domain>`, as in `acme.localhost`.
    pub base_domain: String,
    /// What problem codes are appended to: the control plane's address and `/errors/`.
    pub problem_pages: String,
    /// All of them, of every tenant.
    pub gateways: Vec<GatewayConfig>,
    /// What verifies a [`crate::permit`]; at most [`KEYS_MAX`](crate::permit::KEYS_MAX), and none before the first one was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permit_keys: Vec<PermitKey>,
}

/// A key that verifies permits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PermitKey {
    /// Its name.
    pub id: String,
    /// An Ed25519 public key, in base64url.
    pub public_key: String,
    /// Until when it verifies: milliseconds since 1970. None: until something else is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

impl PermitKey {
    /// This Ed25519 public key, named after itself.
    pub fn new(public_key: &[u8], until_ms: Option<i64>) -> Self {
        let hash = CredentialHash::of(public_key);
        Self {
            id: BASE64.encode(&hash.as_bytes()[..PERMIT_KEY_ID_BYTES]),
            public_key: BASE64.encode(public_key),
            until_ms,
        }
    }
}

/// One native gateway.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayConfig {
    /// Its id.
    pub id: GatewayId,
    /// Whose it is; a credential of another tenant is unknown here.
    pub tenant_id: TenantId,
    /// First label of its host; unique in the installation.
    pub slug: Slug,
    /// Which keys are admitted.
    pub environment: Environment,
    /// What its SECURE routes ask for.
    pub auth_type: AuthType,
    /// Whether a bare address (an IP, `localhost`, the base domain itself) means this gateway. At most one is.
    pub default: bool,
    /// Longest request body, in bytes.
    pub max_request_body_bytes: u64,
    /// What a node does that has lost its control plane.
    pub when_cut_off: WhenCutOff,
    /// Its upstreams.
    pub services: Vec<ServiceConfig>,
    /// Its routes.
    pub routes: Vec<RouteConfig>,
}

/// An upstream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceConfig {
    /// Its id.
    pub id: ServiceId,
    /// `http://host[:port][/base/path]` or `https://…`; no query, no user.
    pub target_url: String,
    /// Certificate authorities (PEM) that are trusted instead of the system's; https only.
    pub ca_pem: Option<String>,
    /// Longest wait for a connection (with TLS), in milliseconds.
    pub connect_timeout_ms: u32,
    /// Longest wait for the head of the answer once the request is sent, and between two parts of
    /// a body, in milliseconds.
    pub response_timeout_ms: u32,
}

/// A route.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteConfig {
    /// Its id.
    pub id: RouteId,
    /// An HTTP method in capitals, or `ANY`. A GET route also answers HEAD.
    pub method: String,
    /// Template: `/v1/translate/{id}`, `/files/{*rest}`.
    pub public_path: String,
    /// Template of the same parameters, below the service's base path.
    pub target_path: String,
    /// PUBLIC or SECURE.
    pub access: RouteAccess,
    /// Where it goes.
    pub service_id: ServiceId,
    /// The product it belongs to. Without one, only API consumers of this gateway reach a SECURE route.
    pub product_id: Option<ProductId>,
}
