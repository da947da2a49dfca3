//! `POST /connections`

use axum::response::Response;
use gatewright_connectors::model::Vendor;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::{Connection, DriftPolicy, SecretMode};
use gatewright_types::Environment;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

/// What a connection is made from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectGateway {
    /// Whose gateway it is.
    vendor: Vendor,
    /// A name for people, unique in the tenant.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Which keys it is given.
    environment: Environment,
    /// Whether subscriptions wait for it; false when absent. At most one gateway of a tenant: the one before is not any more.
    #[serde(default)]
    primary: bool,
    /// Who makes its secrets; PLATFORM_PROVIDED when absent.
    #[schema(default = "PLATFORM_PROVIDED")]
    secret_mode: Option<SecretMode>,
    /// How it is reached, per vendor; docs/gateways has a page for each.
    #[schema(value_type = Object, example = json!({ "flavor": "ADMIN_API", "url": "https://kong.internal:8444" }))]
    settings: Value,
    /// As whom; kept sealed and never shown.
    credentials: Credentials,
    /// Most calls per second to its management API; what the vendor allows when absent.
    #[schema(minimum = 1, maximum = 10000)]
    calls_per_second: Option<u32>,
    /// What is done about what somebody changed there; REPORT when absent.
    #[schema(default = "REPORT")]
    drift_policy: Option<DriftPolicy>,
}

/// Credentials as they came; written nowhere but sealed.
#[derive(ToSchema)]
#[schema(value_type = Object, example = json!({ "headers": { "Kong-Admin-Token": "…" } }))]
pub(crate) struct Credentials(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Map::<String, Value>::deserialize(deserializer)?;
        let text = Value::Object(value).to_string();
        if text.len() > connections::CREDENTIALS_MAX_BYTES {
            let detail = format!("expected at most {} bytes", connections::CREDENTIALS_MAX_BYTES);
            return Err(serde::de::Error::custom(detail));
        }
        Ok(Self(SecretString::from(text)))
    }
}

/// Connect a gateway of another vendor.
///
/// It is looked at first: reachable, of a version we know, with the permissions that are needed. What is open there by
/// default comes back as warnings.
#[utoipa::path(post, path = "/connections", tag = "Connections", request_body = ConnectGateway, responses((status = 201, description = "The connection, with what was found", body = Connection)))]
pub(crate) async fn create_connection(command: Command<ConnectGateway>) -> Result<Response, ApiError> {
    let new = command.body();
    let mode = new.secret_mode.unwrap_or(SecretMode::PlatformProvided);
    let engine = command.orchestrator();
    let examined = connections::examine(&engine, new.vendor, &new.settings, &new.credentials.0, mode).await?;
    let (mut work, new) = command.begin().await?;
    let new = connections::NewConnection {
        vendor: new.vendor,
        name: new.name,
        environment: new.environment,
        primary: new.primary,
        secret_mode: mode,
        settings: new.settings,
        credentials: new.credentials.0,
        calls_per_second: new.calls_per_second,
        drift_policy: new.drift_policy.unwrap_or(DriftPolicy::Report),
    };
    let connection = connections::connect(work.tx(), new, &examined).await?;
    work.created(&connection, Effects::default()).await
}
