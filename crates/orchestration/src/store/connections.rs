use chrono::{DateTime, Utc};
use gatewright_connectors::model::{Report, Serial, Vendor};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::access::Environment;
use gatewright_types::ids::GatewayId;
use serde_json::Value;

use crate::model::{Connection, ConnectionState, DriftPolicy, SecretMode};

/// What [`Connection`] does not show.
pub(crate) struct Hidden {
    pub(crate) credentials: Vec<u8>,
    pub(crate) credentials_version: i32,
    pub(crate) serial: Serial,
}

pub(crate) async fn insert(tx: &mut TenantTx, connection: &Connection, hidden: &Hidden) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO connections (tenant_id, id, vendor, name, environment, state, is_primary, serial, secret_mode, settings, credentials,
           credentials_version, calls_per_second, report, verified_at, created_at, updated_at, drift_policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17)",
        tx.tenant_id().uuid(),
        connection.id.uuid(),
        connection.vendor.as_str(),
        connection.name,
        connection.environment.as_str(),
        connection.state.as_str(),
        connection.primary,
        hidden.serial.as_str(),
        connection.secret_mode.as_str(),
        connection.settings,
        hidden.credentials,
        hidden.credentials_version,
        connection.calls_per_second,
        connection.report,
        connection.verified_at,
        connection.created_at,
        connection.drift_policy.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, connection: &Connection, hidden: &Hidden) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE connections SET name = $3, state = $4, is_primary = $5, serial = $6, secret_mode = $7, settings = $8, credentials = $9,
           credentials_version = $10, calls_per_second = $11, report = $12, verified_at = $13, updated_at = $14, drift_policy = $15
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        connection.id.uuid(),
        connection.name,
        connection.state.as_str(),
        connection.primary,
        hidden.serial.as_str(),
        connection.secret_mode.as_str(),
        connection.settings,
        hidden.credentials,
        hidden.credentials_version,
        connection.calls_per_second,
        connection.report,
        connection.verified_at,
        connection.updated_at,
        connection.drift_policy.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// No connection but this one is the primary from now on.
pub(crate) async fn be_only_primary(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE connections SET is_primary = false WHERE tenant_id = $1 AND id <> $2 AND is_primary",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct Row {
    id: GatewayId,
    vendor: Vendor,
    name: String,
    environment: Environment,
    state: ConnectionState,
    is_primary: bool,
    secret_mode: SecretMode,
    settings: Value,
    calls_per_second: i32,
    drift_policy: DriftPolicy,
    report: Option<Value>,
    verified_at: Option<DateTime<Utc>>,
    breaker: crate::breaker::BreakerState,
    retry_at: Option<DateTime<Utc>>,
    succeeded_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for Connection {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            vendor: row.vendor,
            name: row.name,
            environment: row.environment,
            state: row.state,
            primary: row.is_primary,
            secret_mode: row.secret_mode,
            settings: row.settings,
            calls_per_second: row.calls_per_second,
            drift_policy: row.drift_policy,
            report: row.report.unwrap_or_else(|| serde_json::json!(Report::default())),
            verified_at: row.verified_at,
            breaker: row.breaker,
            retry_at: row.retry_at,
            succeeded_at: row.succeeded_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

pub(crate) async fn find(tx: &mut TenantTx, id: GatewayId) -> Result<Option<Connection>, sqlx::Error> {
    let request = PageRequest { after: None, limit: 1 };
    Ok(select(tx, Some(id), request).await?.pop())
}

pub(crate) async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Vec<Connection>, sqlx::Error> {
    select(tx, None, request).await
}

async fn select(
    tx: &mut TenantTx,
    id: Option<GatewayId>,
    request: PageRequest,
) -> Result<Vec<Connection>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.id AS "id: _", c.vendor AS "vendor: _", c.name, c.environment AS "environment: _", c.state AS "state: _", c.is_primary,
             c.secret_mode AS "secret_mode: _", c.settings, c.calls_per_second,
             c.drift_policy AS "drift_policy: _", c.report, c.verified_at, h.breaker AS "breaker: _",
             CASE WHEN h.breaker <> 'CLOSED' THEN h.retry_at END AS retry_at, h.succeeded_at, c.created_at, c.updated_at
           FROM connections AS c JOIN connection_health AS h ON h.tenant_id = c.tenant_id AND h.connection_id = c.id
           WHERE c.tenant_id = $1 AND ($2::uuid IS NULL OR c.id = $2) AND ($3::uuid IS NULL OR c.id < $3)
           ORDER BY c.id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        id.map(GatewayId::uuid),
        request.after,
        request.probe(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Connection::from).collect())
}

/// What is sealed of a connection, and what its vendor cannot bear.
pub(crate) async fn hidden(tx: &mut TenantTx, id: GatewayId) -> Result<Option<Hidden>, sqlx::Error> {
    sqlx::query_as!(
        Hidden,
        r#"SELECT credentials, credentials_version, serial AS "serial: _" FROM connections WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Holds a connection until the end of the transaction.
pub(crate) async fn lock(tx: &mut TenantTx, id: GatewayId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!" FROM connections WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

/// The tenant's primary gateway that is given keys of this environment, if it is in use.
pub(crate) async fn primary(tx: &mut TenantTx) -> Result<Option<GatewayId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: _" FROM connections WHERE tenant_id = $1 AND is_primary AND state = 'CONNECTED'"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether there is any connection.
pub(crate) async fn exist(tx: &mut TenantTx) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM connections WHERE tenant_id = $1) AS "any!""#,
        tx.tenant_id().uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Removes a connection of which nothing is left.
pub(crate) async fn delete(tx: &mut TenantTx, id: GatewayId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "WITH applications AS (DELETE FROM applications WHERE tenant_id = $1 AND connection_id = $2)
         DELETE FROM connections WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
