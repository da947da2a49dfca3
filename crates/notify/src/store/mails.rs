use chrono::{DateTime, Utc};
use gatewright_database::{SystemTx, TenantTx};
use gatewright_types::ids::MailId;

use crate::mail::mailbox::Listed;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: MailId,
    recipient: &str,
    subject: &str,
    sealed: &[u8],
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO mails (tenant_id, id, recipient, subject, sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        tx.tenant_id().uuid(),
        id.uuid(),
        recipient,
        subject,
        sealed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) struct Unsent {
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) sealed: Vec<u8>,
}

pub(crate) async fn find_unsent(tx: &mut TenantTx, id: MailId) -> Result<Option<Unsent>, sqlx::Error> {
    sqlx::query_as!(
        Unsent,
        r#"SELECT recipient, subject, sealed AS "sealed!" FROM mails
           WHERE tenant_id = $1 AND id = $2 AND sent_at IS NULL AND sealed IS NOT NULL"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Notes that a mail was sent; its content is erased unless it is to be kept.
pub(crate) async fn sent(tx: &mut TenantTx, id: MailId, keep: bool) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "UPDATE mails SET sent_at = $3, sealed = CASE WHEN $4 THEN sealed END WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
        now,
        keep,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn sealed(tx: &mut TenantTx, id: MailId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "SELECT sealed FROM mails WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.flatten())
}

/// Mails whose content is kept although they were sent, newest first; or that one.
pub(crate) async fn kept(tx: &mut SystemTx, id: Option<MailId>, limit: i64) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        r#"SELECT id AS "id: _", tenant_id AS "tenant_id: _", recipient, subject, created_at FROM mails
           WHERE sealed IS NOT NULL AND sent_at IS NOT NULL AND ($1::uuid IS NULL OR id = $1) ORDER BY id DESC LIMIT $2"#,
        id.map(MailId::uuid),
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Removes up to `limit` mails that are older than `before`.
pub(crate) async fn remove_old(tx: &mut SystemTx, before: DateTime<Utc>, limit: i64) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!(
        "DELETE FROM mails WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM mails WHERE created_at < $1 ORDER BY created_at LIMIT $2)",
        before,
        limit,
    )
    .execute(&mut **tx)
    .await?;
    Ok(result.rows_affected())
}
