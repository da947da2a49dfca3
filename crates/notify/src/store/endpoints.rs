use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::WebhookEndpointId;

use crate::model::WebhookEndpoint;

pub(crate) async fn insert(tx: &mut TenantTx, endpoint: &WebhookEndpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO webhook_endpoints (tenant_id, id, url, description, event_types, contact_email, state, secret_version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        tx.tenant_id().uuid(),
        endpoint.id.uuid(),
        endpoint.url,
        endpoint.description,
        &endpoint.event_types,
        endpoint.contact_email,
        endpoint.state.as_str(),
        endpoint.secret_version,
        endpoint.created_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many there are; holds the tenant's row, so that two who count do not both add the last one.
pub(crate) async fn count(tx: &mut TenantTx) -> Result<i64, sqlx::Error> {
    super::hold_tenant(tx).await?;
    let tenant_id = tx.tenant_id().uuid();
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM webhook_endpoints WHERE tenant_id = $1"#,
        tenant_id
    )
    .fetch_one(&mut **tx)
    .await
}

pub(crate) async fn find(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, sqlx::Error> {
    sqlx::query_as!(
        WebhookEndpoint,
        r#"SELECT id AS "id: _", url, description, event_types, contact_email, state AS "state: _", disabled_reason AS "disabled_reason: _",
             disabled_at, failing_since, created_at, updated_at, secret_version
           FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The same, held until the end of the transaction.
pub(crate) async fn hold(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, sqlx::Error> {
    sqlx::query_as!(
        WebhookEndpoint,
        r#"SELECT id AS "id: _", url, description, event_types, contact_email, state AS "state: _", disabled_reason AS "disabled_reason: _",
             disabled_at, failing_since, created_at, updated_at, secret_version
           FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn list(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<WebhookEndpoint>, sqlx::Error> {
    sqlx::query_as!(
        WebhookEndpoint,
        r#"SELECT id AS "id: _", url, description, event_types, contact_email, state AS "state: _", disabled_reason AS "disabled_reason: _",
             disabled_at, failing_since, created_at, updated_at, secret_version
           FROM webhook_endpoints WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3"#,
        tx.tenant_id().uuid(),
        page.after,
        page.probe(),
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) async fn update(tx: &mut TenantTx, endpoint: &WebhookEndpoint) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_endpoints SET url = $3, description = $4, event_types = $5, contact_email = $6, state = $7, disabled_reason = $8,
           disabled_at = $9, failing_since = $10, secret_version = $11, updated_at = $12
         WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        endpoint.id.uuid(),
        endpoint.url,
        endpoint.description,
        &endpoint.event_types,
        endpoint.contact_email,
        endpoint.state.as_str(),
        endpoint.disabled_reason.map(crate::model::DisabledReason::as_str),
        endpoint.disabled_at,
        endpoint.failing_since,
        endpoint.secret_version,
        endpoint.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes since when it fails, or that it does not.
pub(crate) async fn set_failing_since(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    since: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE webhook_endpoints SET failing_since = $3 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        since,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<bool, sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected() == 1)
}

pub(crate) async fn insert_secret(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    version: i32,
    sealed: &[u8],
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO webhook_secrets (tenant_id, endpoint_id, version, sealed, created_at) VALUES ($1, $2, $3, $4, $5)",
        tx.tenant_id().uuid(),
        id.uuid(),
        version,
        sealed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives the current secret its end, and removes those that have none left.
pub(crate) async fn end_secrets(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (tenant_id, now) = (tx.tenant_id().uuid(), tx.now());
    sqlx::query!(
        "DELETE FROM webhook_secrets WHERE tenant_id = $1 AND endpoint_id = $2 AND signs_until IS NOT NULL",
        tenant_id,
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "UPDATE webhook_secrets SET signs_until = $3 WHERE tenant_id = $1 AND endpoint_id = $2 AND $3::timestamptz > $4::timestamptz",
        tenant_id,
        id.uuid(),
        until,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "DELETE FROM webhook_secrets WHERE tenant_id = $1 AND endpoint_id = $2 AND signs_until IS NULL",
        tenant_id,
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What signs at `now`, newest first: version, sealed secret, end.
pub(crate) async fn signing(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    now: DateTime<Utc>,
) -> Result<Vec<SigningSecret>, sqlx::Error> {
    sqlx::query_as!(
        SigningSecret,
        "SELECT version, sealed, signs_until FROM webhook_secrets
         WHERE tenant_id = $1 AND endpoint_id = $2 AND (signs_until IS NULL OR signs_until > $3) ORDER BY version DESC",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
    )
    .fetch_all(&mut **tx)
    .await
}

pub(crate) struct SigningSecret {
    pub(crate) version: i32,
    pub(crate) sealed: Vec<u8>,
    pub(crate) signs_until: Option<DateTime<Utc>>,
}
