use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;

use crate::settings::{Copies, CredentialSettings};

pub(crate) async fn find(tx: &mut TenantTx) -> Result<Option<CredentialSettings>, sqlx::Error> {
    sqlx::query_as!(
        CredentialSettings,
        r#"SELECT secret_retention AS "secret_retention: _", leak_policy AS "leak_policy: _", updated_at
           FROM credential_settings WHERE tenant_id = $1"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What becomes of new secrets besides their hash; it stays so until the end of the transaction.
pub(crate) async fn copies(tx: &mut TenantTx) -> Result<Copies, sqlx::Error> {
    let found = sqlx::query_as!(
        Copies,
        r#"SELECT secret_retention = 'WHILE_ACTIVE' AS "while_active!", provisions
           FROM credential_settings
           WHERE tenant_id = $1 AND (secret_retention = 'WHILE_ACTIVE' OR provisions) FOR SHARE"#,
        tx.tenant_id().uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.unwrap_or_default())
}

pub(crate) async fn set_provisions(tx: &mut TenantTx, provisions: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO credential_settings (tenant_id, secret_retention, leak_policy, provisions, updated_at)
         VALUES ($1, 'UNTIL_PROVISIONED', 'NOTIFY', $2, $3)
         ON CONFLICT (tenant_id) DO UPDATE SET provisions = $2",
        tx.tenant_id().uuid(),
        provisions,
        tx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn put(
    tx: &mut TenantTx,
    settings: &CredentialSettings,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO credential_settings (tenant_id, secret_retention, leak_policy, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET secret_retention = $2, leak_policy = $3, updated_at = $4",
        tx.tenant_id().uuid(),
        settings.secret_retention.as_str(),
        settings.leak_policy.as_str(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
