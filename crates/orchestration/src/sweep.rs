//! What happens by the clock: overlaps that waited long enough, subscriptions that nobody brought to an end.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_credentials::{look_up, rotate};
use gatewright_database::{SystemTx, SystemUse};
use gatewright_native::nodes::{Effects, commit_news};
use gatewright_types::ids::{KeyId, SubscriptionId, TenantId};

use crate::desired::{OVERLAP_WAITS_MAX, Rotation};
use crate::engine::Orchestrator;
use crate::store::credentials;
use crate::{OrchestrationError, access, settle};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// After its deadline a subscription that waits for its gateways is still the request's own for so long.
pub const GRACE: TimeDelta = TimeDelta::seconds(30);
/// Most of either that are seen to at once.
const BATCH: i64 = 100;

/// Looks again and again, until dropped.
pub(crate) async fn keep_going(engine: Orchestrator) {
    loop {
        if let Err(error) = sweep(&engine).await {
            tracing::warn!(%error, "what is due by the clock on gateways could not be done");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Looks once.
pub async fn sweep(engine: &Orchestrator) -> Result<(), OrchestrationError> {
    let now = engine.database().clock().now();
    let mut tx = engine.database().system(SystemUse::ProvisionGateways).await?;
    let overlaps = waiting_overlaps(&mut tx, now - OVERLAP_WAITS_MAX).await?;
    let abandoned = abandoned(&mut tx, now - GRACE).await?;
    tx.close().await?;
    // One that cannot be done holds up none of the others.
    for (tenant_id, rotation) in overlaps {
        if let Err(error) = begin_overlap(engine, tenant_id, &rotation).await {
            tracing::warn!(%error, key.id = %rotation.key_id, "an overlap could not be begun");
        }
    }
    for (tenant_id, subscription_id) in abandoned {
        if let Err(error) = withdraw(engine, tenant_id, subscription_id).await {
            tracing::warn!(%error, subscription.id = %subscription_id, "an abandoned subscription could not be withdrawn");
        }
    }
    Ok(())
}

async fn begin_overlap(engine: &Orchestrator, tenant_id: TenantId, of: &Rotation) -> Result<(), OrchestrationError> {
    let mut tx = engine.tenant(tenant_id).await?;
    // In the order in which everybody holds them.
    rotate::hold(&mut tx, &[of.key_id]).await?;
    for subscription_id in BTreeSet::from_iter(look_up::get(&mut tx, of.key_id).await?.subscription_ids) {
        credentials::alone(&mut tx, subscription_id).await?;
    }
    let changes = settle::begin_overlap(&mut tx, of, of.requested_at + OVERLAP_WAITS_MAX).await?;
    commit_news(tx, Effects::access(changes)).await?;
    Ok(())
}

async fn withdraw(engine: &Orchestrator, tenant_id: TenantId, id: SubscriptionId) -> Result<(), OrchestrationError> {
    let mut tx = engine.tenant(tenant_id).await?;
    let changes = access::withdraw(&mut tx, id).await?;
    commit_news(tx, Effects::access(changes)).await?;
    Ok(())
}

async fn waiting_overlaps(
    tx: &mut SystemTx,
    requested_before: DateTime<Utc>,
) -> Result<Vec<(TenantId, Rotation)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id: TenantId", key_id AS "key_id: KeyId", secret_version, overlap_seconds, requested_at
           FROM rotations WHERE begun_at IS NULL AND requested_at <= $1 ORDER BY requested_at LIMIT $2"#,
        requested_before,
        BATCH,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rotation = |row: (TenantId, KeyId, i32, i32, DateTime<Utc>)| {
        let (tenant_id, key_id, secret_version, overlap_seconds, requested_at) = row;
        (
            tenant_id,
            Rotation {
                key_id,
                secret_version,
                overlap_seconds,
                requested_at,
                begun_at: None,
            },
        )
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            rotation((
                row.tenant_id,
                row.key_id,
                row.secret_version,
                row.overlap_seconds,
                row.requested_at,
            ))
        })
        .collect())
}

async fn abandoned(
    tx: &mut SystemTx,
    deadline_before: DateTime<Utc>,
) -> Result<Vec<(TenantId, SubscriptionId)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id: TenantId", subscription_id AS "subscription_id: SubscriptionId"
           FROM activations WHERE deadline_at <= $1 ORDER BY deadline_at LIMIT $2"#,
        deadline_before,
        BATCH,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.subscription_id))
        .collect())
}
