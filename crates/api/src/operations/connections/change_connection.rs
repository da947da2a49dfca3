//! `PATCH /connections/{id}`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::{Connection, DriftPolicy};
use gatewright_types::ids::GatewayId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::create_connection::Credentials;
use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ConnectionChange {
    /// A name for people.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Whether subscriptions wait for it.
    primary: Option<bool>,
    /// How it is reached; the whole of it.
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
    /// As whom; the whole of it.
    #[schema(value_type = Option<Object>)]
    credentials: Option<Credentials>,
    /// Most calls per second to its management API.
    #[schema(minimum = 1, maximum = 10000)]
    calls_per_second: Option<u32>,
    /// What is done about what somebody changed there.
    drift_policy: Option<DriftPolicy>,
}

/// Change a connection.
///
/// With other settings or credentials the gateway is looked at first, as when it is connected; then everything there is
/// brought to what is desired again.
#[utoipa::path(patch, path = "/connections/{id}", tag = "Connections", params(("id" = GatewayId, Path)), request_body = ConnectionChange, responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn change_connection(
    Id(id): Id<GatewayId>,
    command: Command<ConnectionChange>,
) -> Result<Response, ApiError> {
    let engine = command.orchestrator();
    let change = command.body();
    let examined = if change.settings.is_some() || change.credentials.is_some() {
        let mut tx = command.look().await?;
        let connection = connections::get(&mut tx, id).await?;
        let settings = change.settings.as_ref().unwrap_or(&connection.settings);
        let credentials = match &change.credentials {
            Some(credentials) => credentials.0.clone(),
            None => connections::credentials(&engine, &mut tx, id).await?,
        };
        tx.close().await?;
        let (vendor, mode) = (connection.vendor, connection.secret_mode);
        Some(connections::examine(&engine, vendor, settings, &credentials, mode).await?)
    } else {
        None
    };
    let (mut work, change) = command.begin().await?;
    let before = connections::lock(work.tx(), id).await?;
    work.require(&before)?;
    let change = connections::ConnectionChange {
        name: change.name,
        primary: change.primary,
        settings: change.settings,
        credentials: change.credentials.map(|credentials| credentials.0),
        calls_per_second: change.calls_per_second,
        drift_policy: change.drift_policy,
    };
    let connection = connections::change(work.tx(), before, change, examined.as_ref()).await?;
    work.edited(&connection, Effects::default()).await
}
