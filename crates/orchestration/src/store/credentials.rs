use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::access::Environment;
use gatewright_types::ids::{CustomerId, GatewayId, KeyId, SubscriptionId};
use uuid::Uuid;

use crate::calling::Held;
use crate::model::{ApplicationKey, ProvisioningState, SecretState};

/// A credential's row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) connection_id: GatewayId,
    pub(crate) subscription_id: SubscriptionId,
    pub(crate) number: i32,
    pub(crate) key_id: KeyId,
    pub(crate) secret_version: i32,
    pub(crate) state: ProvisioningState,
    pub(crate) secret: Option<SecretState>,
    pub(crate) generated: Option<Vec<u8>>,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) remote_id: Option<String>,
    pub(crate) drop_at: Option<DateTime<Utc>>,
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    pub(crate) removed_at: Option<DateTime<Utc>>,
}

/// Those of one application.
pub(crate) async fn of_application(tx: &mut TenantTx, key: ApplicationKey) -> Result<Vec<Row>, sqlx::Error> {
    select(tx, key.subscription_id, Some(key.connection_id)).await
}

/// Those of a subscription, everywhere.
pub(crate) async fn of_subscription(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<Row>, sqlx::Error> {
    select(tx, id, None).await
}

async fn select(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    connection_id: Option<GatewayId>,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT connection_id AS "connection_id: _", subscription_id AS "subscription_id: _", number, key_id AS "key_id: _",
             secret_version, state AS "state: _", secret AS "secret: _", generated, fingerprint, remote_id, drop_at, confirmed_at, removed_at
           FROM application_credentials
           WHERE tenant_id = $1 AND subscription_id = $2 AND ($3::uuid IS NULL OR connection_id = $3)
           ORDER BY connection_id, number"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
        connection_id.map(GatewayId::uuid),
    )
    .fetch_all(&mut **tx)
    .await
}

/// Adds one.
pub(crate) async fn insert(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO application_credentials (tenant_id, connection_id, subscription_id, number, key_id, secret_version, state, secret,
           fingerprint, drop_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tx.tenant_id().uuid(),
        row.connection_id.uuid(),
        row.subscription_id.uuid(),
        row.number,
        row.key_id.uuid(),
        row.secret_version,
        row.state.as_str(),
        row.secret.map(SecretState::as_str),
        row.fingerprint,
        row.drop_at,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes one anew. A secret that was revealed while an attempt was under way stays revealed.
pub(crate) async fn update(tx: &mut TenantTx, row: &Row) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE application_credentials SET state = $5, fingerprint = $8, remote_id = $9, drop_at = $10, confirmed_at = $11, removed_at = $12,
           secret = CASE WHEN secret = 'REVEALED' AND $6 = 'READY' AND fingerprint = $8 THEN secret ELSE $6::text END,
           generated = CASE WHEN secret = 'REVEALED' AND $6 = 'READY' AND fingerprint = $8 THEN NULL ELSE $7::bytea END
         WHERE tenant_id = $1 AND connection_id = $2 AND subscription_id = $3 AND number = $4",
        tx.tenant_id().uuid(),
        row.connection_id.uuid(),
        row.subscription_id.uuid(),
        row.number,
        row.state.as_str(),
        row.secret.map(SecretState::as_str),
        row.generated,
        row.fingerprint,
        row.remote_id,
        row.drop_at,
        row.confirmed_at,
        row.removed_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The secrets of a subscription's keys that some gateway of this environment has.
pub(crate) async fn confirmed(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    environment: Environment,
) -> Result<Vec<(KeyId, i32)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT c.key_id AS "key_id: KeyId", c.secret_version
           FROM application_credentials AS c JOIN connections AS g ON g.tenant_id = c.tenant_id AND g.id = c.connection_id
           WHERE c.tenant_id = $1 AND c.subscription_id = $2 AND g.environment = $3
             AND c.confirmed_at IS NOT NULL AND c.removed_at IS NULL"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
        environment.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key_id, row.secret_version)).collect())
}

/// Whether every gateway of this environment that is to have this secret of a subscription's key has it.
///
/// The caller has [`alone`], so that of two gateways that confirm at the same time one sees the other.
pub(crate) async fn is_everywhere(
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    secret: (KeyId, i32),
    environment: Environment,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT NOT EXISTS (
             SELECT FROM applications AS a JOIN connections AS g ON g.tenant_id = a.tenant_id AND g.id = a.connection_id
             WHERE a.tenant_id = $1 AND a.subscription_id = $2 AND g.environment = $5 AND a.acknowledged_generation < a.generation
               AND NOT EXISTS (
                 SELECT FROM application_credentials AS c
                 WHERE c.tenant_id = $1 AND c.connection_id = a.connection_id AND c.subscription_id = $2
                   AND c.key_id = $3 AND c.secret_version = $4 AND c.confirmed_at IS NOT NULL)) AS "is!""#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
        secret.0.uuid(),
        secret.1,
        environment.as_str(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Holds a subscription's applications on every gateway until the end of the transaction, in their order.
pub(crate) async fn alone(tx: &mut TenantTx, subscription_id: SubscriptionId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"SELECT 1 AS "one!" FROM applications WHERE tenant_id = $1 AND subscription_id = $2 ORDER BY connection_id FOR UPDATE"#,
        tx.tenant_id().uuid(),
        subscription_id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a key has a credential on any gateway.
pub(crate) async fn has_any(tx: &mut TenantTx, id: KeyId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM application_credentials
             WHERE tenant_id = $1 AND key_id = $2 AND removed_at IS NULL) AS "has!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Where these keys are, as far as a gateway has read them back and has them still.
pub(crate) async fn held(tx: &mut TenantTx, keys: &[KeyId]) -> Result<Vec<Held>, sqlx::Error> {
    let keys: Vec<Uuid> = keys.iter().map(|id| id.uuid()).collect();
    sqlx::query_as!(
        Held,
        r#"SELECT DISTINCT connection_id AS "connection_id: _", key_id AS "key_id: _", secret_version FROM application_credentials
           WHERE tenant_id = $1 AND key_id = ANY($2) AND confirmed_at IS NOT NULL AND removed_at IS NULL"#,
        tx.tenant_id().uuid(),
        &keys,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The credential of this secret on a gateway, under one of these subscriptions, and whose it is.
pub(crate) async fn find(
    tx: &mut TenantTx,
    connection_id: GatewayId,
    subscriptions: &[SubscriptionId],
    (key_id, secret_version): (KeyId, i32),
) -> Result<Option<(Row, CustomerId)>, sqlx::Error> {
    let ids: Vec<Uuid> = subscriptions.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query!(
        r#"SELECT c.subscription_id AS "subscription_id: SubscriptionId", c.number, a.customer_id AS "customer_id: CustomerId"
           FROM application_credentials AS c
           JOIN applications AS a ON a.tenant_id = c.tenant_id AND a.connection_id = c.connection_id AND a.subscription_id = c.subscription_id
           WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.subscription_id = ANY($3) AND c.key_id = $4 AND c.secret_version = $5
             AND c.confirmed_at IS NOT NULL AND c.removed_at IS NULL
           ORDER BY c.subscription_id, c.number LIMIT 1"#,
        tx.tenant_id().uuid(),
        connection_id.uuid(),
        &ids,
        key_id.uuid(),
        secret_version,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let rows = select(tx, found.subscription_id, Some(connection_id)).await?;
    let row = rows.into_iter().find(|row| row.number == found.number);
    Ok(row.map(|row| (row, found.customer_id)))
}
