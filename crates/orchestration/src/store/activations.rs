use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::SubscriptionId;
use uuid::Uuid;

use crate::model::Activation;

pub(crate) async fn insert(
    tx: &mut TenantTx,
    id: SubscriptionId,
    mode: Activation,
    deadline_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO activations (tenant_id, subscription_id, mode, deadline_at, created_at) VALUES ($1, $2, $3, $4, $5)",
        tx.tenant_id().uuid(),
        id.uuid(),
        mode.as_str(),
        deadline_at,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a subscription waits, held until the end of the transaction; none: it does not, or not any more.
pub(crate) async fn hold(tx: &mut TenantTx, id: SubscriptionId) -> Result<Option<Activation>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT mode AS "mode: _" FROM activations WHERE tenant_id = $1 AND subscription_id = $2 FOR UPDATE"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

/// It does not wait any more; false where it did not.
pub(crate) async fn end(tx: &mut TenantTx, id: SubscriptionId) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        "DELETE FROM activations WHERE tenant_id = $1 AND subscription_id = $2",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Whether it waits.
pub(crate) async fn exists(tx: &mut TenantTx, id: SubscriptionId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM activations WHERE tenant_id = $1 AND subscription_id = $2) AS "is!""#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// Those of these subscriptions that wait, held until the end of the transaction.
pub(crate) async fn among(tx: &mut TenantTx, ids: &[SubscriptionId]) -> Result<Vec<SubscriptionId>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    sqlx::query_scalar!(
        r#"SELECT subscription_id AS "id: _" FROM activations
           WHERE tenant_id = $1 AND subscription_id = ANY($2) ORDER BY subscription_id FOR UPDATE"#,
        tx.tenant_id().uuid(),
        &ids,
    )
    .fetch_all(&mut **tx)
    .await
}
