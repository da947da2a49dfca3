//! Connecting gateways: made, verified, edited, disabled, disconnected. Their credentials are sealed and never shown.

use gatewright_catalog::check::Checks;
use gatewright_connectors::model::{Report, Vendor};
use gatewright_connectors::{Connector, Fault};
use gatewright_credentials::settings;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::access::Environment;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;

use crate::OrchestrationError;
use crate::breaker::Breaker;
use crate::converge::CONNECTION_KIND;
use crate::engine::Orchestrator;
use crate::model::{Connection, ConnectionState, DriftPolicy, SecretMode, Urgency};
use crate::store::connections::Hidden;
use crate::store::{self, applications};
use crate::{breaker, settle};

/// Most connections of a tenant.
pub const CONNECTIONS_MAX: usize = 50;
/// Calls per second where neither the operator nor the vendor says.
pub const CALLS_PER_SECOND_DEFAULT: u32 = 100;
/// Most calls per second.
pub const CALLS_PER_SECOND_MAX: u32 = 10_000;
/// Longest credentials, in bytes of JSON.
pub const CREDENTIALS_MAX_BYTES: usize = 64 * 1024;

/// What a connection is made from.
pub struct NewConnection {
    /// Whose product it is.
    pub vendor: Vendor,
    /// A name for people.
    pub name: String,
    /// Which keys it is given.
    pub environment: Environment,
    /// Whether subscriptions wait for it.
    pub primary: bool,
    /// Who makes its secrets.
    pub secret_mode: SecretMode,
    /// How it is reached.
    pub settings: Value,
    /// As whom, as JSON.
    pub credentials: SecretString,
    /// Most calls per second.
    pub calls_per_second: Option<u32>,
    /// What is done about drift.
    pub drift_policy: DriftPolicy,
}

/// What to change; what is absent stays.
#[derive(Default)]
pub struct ConnectionChange {
    /// A name for people.
    pub name: Option<String>,
    /// Whether subscriptions wait for it.
    pub primary: Option<bool>,
    /// How it is reached.
    pub settings: Option<Value>,
    /// As whom, as JSON.
    pub credentials: Option<SecretString>,
    /// Most calls per second.
    pub calls_per_second: Option<u32>,
    /// What is done about drift.
    pub drift_policy: Option<DriftPolicy>,
}

/// A gateway that was looked at before it is connected.
pub struct Examined {
    connector: Arc<dyn Connector>,
    report: Report,
}

/// Looks whether a gateway can be used with these settings; calls it, so no transaction may be open.
pub async fn examine(
    engine: &Orchestrator,
    vendor: Vendor,
    settings: &Value,
    credentials: &SecretString,
    mode: SecretMode,
) -> Result<Examined, OrchestrationError> {
    let connector = engine.make(vendor, settings, credentials).map_err(invalid)?;
    let can = connector.capabilities();
    let fits = match mode {
        SecretMode::PlatformProvided => can.accepts_secret,
        SecretMode::GatewayGenerated => can.generates_secret,
    };
    if !fits {
        return Err(OrchestrationError::Unusable(vec![format!(
            "it cannot work with secretMode {mode}"
        )]));
    }
    let report = connector.verify(&engine.free_link(can)).await.map_err(unreachable)?;
    if !report.problems.is_empty() {
        return Err(OrchestrationError::Unusable(report.problems));
    }
    Ok(Examined { connector, report })
}

fn invalid(errors: Vec<FieldError>) -> OrchestrationError {
    gatewright_catalog::CatalogError::Invalid(errors).into()
}

fn unreachable(fault: Fault) -> OrchestrationError {
    OrchestrationError::Unusable(vec![fault.words])
}

/// Connects a gateway that was examined.
pub async fn connect(
    tx: &mut TenantTx,
    new: NewConnection,
    examined: &Examined,
) -> Result<Connection, OrchestrationError> {
    let can = examined.connector.capabilities();
    let calls_per_second = new
        .calls_per_second
        .or(can.calls_per_second)
        .unwrap_or(CALLS_PER_SECOND_DEFAULT);
    check(&new.name, calls_per_second)?;
    let request = PageRequest {
        after: None,
        limit: u16::try_from(CONNECTIONS_MAX).unwrap_or(u16::MAX),
    };
    if store::connections::list(tx, request).await?.len() >= CONNECTIONS_MAX {
        return Err(gatewright_native::NativeError::LimitReached {
            max: CONNECTIONS_MAX,
            what: "connections",
        }
        .into());
    }
    let id = GatewayId::mint(tx.clock(), tx.rng());
    let connection = Connection {
        id,
        vendor: new.vendor,
        name: new.name,
        environment: new.environment,
        state: ConnectionState::Connected,
        primary: new.primary,
        secret_mode: new.secret_mode,
        settings: new.settings,
        calls_per_second: i32::try_from(calls_per_second).unwrap_or(1),
        drift_policy: new.drift_policy,
        report: json!(examined.report),
        verified_at: Some(tx.now()),
        breaker: breaker::BreakerState::Closed,
        retry_at: None,
        succeeded_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    let sealed = tx.seal(CONNECTION_KIND, id.uuid(), 1, &new.credentials).await?;
    let hidden = Hidden {
        credentials: sealed.as_bytes().to_vec(),
        credentials_version: 1,
        serial: can.serial,
    };
    if connection.primary {
        store::connections::be_only_primary(tx, id).await?;
    }
    store::connections::insert(tx, &connection, &hidden)
        .await
        .map_err(|error| name_taken(error, &connection.name))?;
    store::health::insert(tx, id).await?;
    settings::set_provisions(tx, true).await?;
    tx.created("orchestration", "connection.created", id, &connection);
    Ok(connection)
}

fn name_taken(error: sqlx::Error, name: &str) -> OrchestrationError {
    let taken = error
        .as_database_error()
        .is_some_and(|error| error.constraint() == Some("connections_name"));
    if taken {
        OrchestrationError::NameTaken(name.to_owned())
    } else {
        error.into()
    }
}

fn check(name: &str, calls_per_second: u32) -> Result<(), OrchestrationError> {
    let mut checks = Checks::default();
    checks.name("/name", name);
    checks.require(
        (1..=CALLS_PER_SECOND_MAX).contains(&calls_per_second),
        "/callsPerSecond",
        format!("expected 1 to {CALLS_PER_SECOND_MAX}"),
    );
    Ok(checks.done()?)
}

/// One connection.
pub async fn get(tx: &mut TenantTx, id: GatewayId) -> Result<Connection, OrchestrationError> {
    store::connections::find(tx, id)
        .await?
        .ok_or_else(|| OrchestrationError::not_found("connection", id))
}

/// One connection, held until the end of the transaction.
pub async fn lock(tx: &mut TenantTx, id: GatewayId) -> Result<Connection, OrchestrationError> {
    store::connections::lock(tx, id).await?;
    get(tx, id).await
}

/// A page of connections.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Connection>, OrchestrationError> {
    Ok(Page::from_rows(store::connections::list(tx, request).await?, request))
}

/// The credentials of a connection, for examining it with other settings.
pub async fn credentials(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    id: GatewayId,
) -> Result<SecretString, OrchestrationError> {
    engine.open(tx, id).await
}

/// Changes a connection that the caller holds. `examined` where settings or credentials are other ones.
pub async fn change(
    tx: &mut TenantTx,
    before: Connection,
    change: ConnectionChange,
    examined: Option<&Examined>,
) -> Result<Connection, OrchestrationError> {
    let id = before.id;
    let mut hidden = store::connections::hidden(tx, id)
        .await?
        .ok_or_else(|| OrchestrationError::not_found("connection", id))?;
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.primary = change.primary.unwrap_or(after.primary);
    after.settings = change.settings.unwrap_or(after.settings);
    after.drift_policy = change.drift_policy.unwrap_or(after.drift_policy);
    if let Some(calls) = change.calls_per_second {
        after.calls_per_second = i32::try_from(calls).unwrap_or(0);
    }
    check(&after.name, after.calls_per_second.cast_unsigned())?;
    if let Some(credentials) = &change.credentials {
        hidden.credentials_version += 1;
        let version = hidden.credentials_version.cast_unsigned();
        hidden.credentials = tx
            .seal(CONNECTION_KIND, id.uuid(), version, credentials)
            .await?
            .as_bytes()
            .to_vec();
    }
    if let Some(examined) = examined {
        hidden.serial = examined.connector.capabilities().serial;
        after.report = json!(examined.report);
        after.verified_at = Some(tx.now());
    }
    after.updated_at = tx.now();
    if after.primary {
        store::connections::be_only_primary(tx, id).await?;
    }
    store::connections::update(tx, &after, &hidden)
        .await
        .map_err(|error| name_taken(error, &after.name))?;
    tx.changed("orchestration", "connection.changed", id, &before, &after);
    if examined.is_some() {
        // What the gateway refused may be accepted now.
        applications::touch_connection(tx, id, Urgency::Normal).await?;
    }
    Ok(after)
}

/// Notes what was found by looking again.
pub async fn verified(tx: &mut TenantTx, id: GatewayId, report: &Report) -> Result<Connection, OrchestrationError> {
    let before = lock(tx, id).await?;
    let hidden = store::connections::hidden(tx, id).await?;
    let hidden = hidden.ok_or_else(|| OrchestrationError::not_found("connection", id))?;
    let after = Connection {
        report: json!(report),
        verified_at: Some(tx.now()),
        ..before.clone()
    };
    store::connections::update(tx, &after, &hidden).await?;
    tx.changed("orchestration", "connection.verified", id, &before, &after);
    Ok(after)
}

/// Looks at a connected gateway again; calls it, so no transaction may be open.
pub async fn verify(engine: &Orchestrator, connection: &Connection, connector: &dyn Connector) -> Report {
    match connector.verify(&engine.link(connection)).await {
        Ok(report) => report,
        Err(fault) => Report {
            problems: vec![fault.words],
            ..Report::default()
        },
    }
}

/// A connection and what talks to it.
pub async fn with_connector(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    id: GatewayId,
) -> Result<(Connection, Arc<dyn Connector>), OrchestrationError> {
    engine
        .connector(tx, id)
        .await?
        .map_err(|fault| OrchestrationError::Unusable(vec![fault.words]))
}

/// Sends nothing any more until it is enabled again.
pub async fn disable(tx: &mut TenantTx, id: GatewayId) -> Result<Connection, OrchestrationError> {
    set_state(
        tx,
        id,
        ConnectionState::Connected,
        ConnectionState::Disabled,
        "connection.disabled",
    )
    .await
}

/// Goes on with what waited.
pub async fn enable(tx: &mut TenantTx, id: GatewayId) -> Result<Connection, OrchestrationError> {
    let connection = set_state(
        tx,
        id,
        ConnectionState::Disabled,
        ConnectionState::Connected,
        "connection.enabled",
    )
    .await?;
    applications::hurry(tx, id).await?;
    Ok(connection)
}

/// Takes everything that we made away, then the connection itself; with `forget`, the connection at once, and what we made
/// stays on the gateway.
pub async fn disconnect(
    tx: &mut TenantTx,
    id: GatewayId,
    forget: bool,
) -> Result<Option<Connection>, OrchestrationError> {
    let before = lock(tx, id).await?;
    let hidden = store::connections::hidden(tx, id).await?;
    let hidden = hidden.ok_or_else(|| OrchestrationError::not_found("connection", id))?;
    if forget || applications::count_left(tx, id).await? == 0 {
        delete(tx, &before).await?;
        return Ok(None);
    }
    let after = Connection {
        state: ConnectionState::Disconnecting,
        primary: false,
        updated_at: tx.now(),
        ..before.clone()
    };
    store::connections::update(tx, &after, &hidden).await?;
    applications::touch_connection(tx, id, Urgency::Security).await?;
    tx.changed("orchestration", "connection.disconnecting", id, &before, &after);
    Ok(Some(after))
}

/// The last of what we made may be gone.
pub(crate) async fn finish_disconnecting(tx: &mut TenantTx, id: GatewayId) -> Result<(), OrchestrationError> {
    if applications::count_left(tx, id).await? == 0 {
        let connection = get(tx, id).await?;
        delete(tx, &connection).await?;
    }
    Ok(())
}

async fn delete(tx: &mut TenantTx, connection: &Connection) -> Result<(), OrchestrationError> {
    store::connections::delete(tx, connection.id).await?;
    if !store::connections::exist(tx).await? {
        settings::set_provisions(tx, false).await?;
    }
    tx.changed(
        "orchestration",
        "connection.deleted",
        connection.id,
        connection,
        &Value::Null,
    );
    Ok(())
}

async fn set_state(
    tx: &mut TenantTx,
    id: GatewayId,
    from: ConnectionState,
    to: ConnectionState,
    event: &'static str,
) -> Result<Connection, OrchestrationError> {
    let before = lock(tx, id).await?;
    if before.state != from {
        let state = before.state.to_string();
        let allowed = "a connection that is CONNECTED can be disabled, one that is DISABLED enabled";
        return Err(OrchestrationError::WrongState { state, allowed });
    }
    let hidden = store::connections::hidden(tx, id).await?;
    let hidden = hidden.ok_or_else(|| OrchestrationError::not_found("connection", id))?;
    let after = Connection {
        state: to,
        updated_at: tx.now(),
        ..before.clone()
    };
    store::connections::update(tx, &after, &hidden).await?;
    tx.changed("orchestration", event, id, &before, &after);
    Ok(after)
}

/// Closes a circuit breaker by hand, because somebody knows that the gateway is back.
pub async fn reset_breaker(tx: &mut TenantTx, id: GatewayId) -> Result<Connection, OrchestrationError> {
    get(tx, id).await?;
    let before = store::health::hold(tx, id).await?;
    let closed = Breaker::default();
    store::health::write(tx, id, &closed, None).await?;
    if before.state != closed.state {
        settle::moved(tx, id, before.state, &closed, "reset by hand").await?;
    }
    get(tx, id).await
}
