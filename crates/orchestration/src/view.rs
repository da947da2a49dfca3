//! Where a subscription stands on each gateway, and revealing what gateways made.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatewright_catalog::subscriptions;
use gatewright_connectors::choice::Choice;
use gatewright_connectors::model::Capabilities;
use gatewright_credentials::look_up;
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{GatewayId, KeyId, ProductId, SubscriptionId};
use gatewright_vault::Sealed;
use secrecy::SecretString;
use serde_json::json;

use crate::OrchestrationError;
use crate::choose;
use crate::engine::Orchestrator;
use crate::model::{
    Connection, GatewayCredential, GatewayKind, ProvisioningState, RotatedGateway, SecretMode, SecretState,
    SubscriptionGateway,
};
use crate::secrets::{GENERATED_KIND, sealing_id};
use crate::store::{self, applications, credentials};

/// Where a subscription stands on every gateway: ours first, then those that are connected.
pub async fn gateways(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<SubscriptionGateway>, OrchestrationError> {
    let mut all = native(tx, id).await?;
    let rows = applications::of_subscription(tx, id).await?;
    let mut of_gateway: BTreeMap<GatewayId, Vec<credentials::Row>> = BTreeMap::new();
    for row in credentials::of_subscription(tx, id).await? {
        of_gateway.entry(row.connection_id).or_default().push(row);
    }
    for row in rows {
        let connection = crate::connections::get(tx, row.connection_id).await?;
        let its = of_gateway.remove(&row.connection_id).unwrap_or_default();
        all.push(connected(row, &connection, its));
    }
    Ok(all)
}

fn connected(
    row: applications::Row,
    connection: &Connection,
    credentials: Vec<credentials::Row>,
) -> SubscriptionGateway {
    let pending = row.acknowledged_generation < row.generation;
    // What was asked for last counts, not what was last read back.
    let state = match row.state {
        ProvisioningState::Active
        | ProvisioningState::Suspended
        | ProvisioningState::Removed
        | ProvisioningState::Preparing
            if pending =>
        {
            ProvisioningState::Pending
        }
        state => state,
    };
    let waits = pending || row.failing_since.is_some();
    SubscriptionGateway {
        gateway_id: row.connection_id,
        gateway_name: connection.name.clone(),
        kind: GatewayKind::Connected,
        primary: connection.primary,
        state,
        last_error: row.last_error,
        failing_since: row.failing_since,
        attempts: row.attempts,
        next_try_at: row
            .due_at
            .filter(|_| waits)
            .map(|at| connection.retry_at.map_or(at, |retry| at.max(retry))),
        acknowledged_at: row.acknowledged_at.filter(|_| !pending),
        effective_by: row.effective_by.filter(|_| !pending),
        credentials: credentials
            .into_iter()
            .filter(|one| one.state != ProvisioningState::Removed)
            .map(|one| GatewayCredential {
                key_id: one.key_id,
                secret_version: one.secret_version,
                state: one.state,
                secret: one.secret,
                remote_id: one.remote_id,
                ends_at: one.drop_at,
                confirmed_at: one.confirmed_at,
            })
            .collect(),
    }
}

/// What becomes of the old secrets of these subscriptions on each connected gateway. One that cannot be used as it is set up is
/// left out: nothing is known of it.
pub async fn rotated(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    ids: &[SubscriptionId],
) -> Result<Vec<RotatedGateway>, OrchestrationError> {
    let standings = subscriptions::standings(tx, ids).await?;
    let sold: Vec<ProductId> = standings.iter().flat_map(|one| one.orchestrated_ids.clone()).collect();
    let mappings = store::mappings::of_products(tx, &sold).await?;
    let mut there: BTreeMap<GatewayId, Vec<Vec<Choice>>> = BTreeMap::new();
    for standing in &standings {
        let rows = applications::of_subscription(tx, standing.subscription_id).await?;
        for row in rows.into_iter().filter(|row| row.state != ProvisioningState::Removed) {
            let choices = choose::choices(&mappings, row.connection_id, &standing.orchestrated_ids);
            there.entry(row.connection_id).or_default().push(choices);
        }
    }
    let mut all = Vec::new();
    for (id, uses) in there {
        let Ok((connection, connector)) = engine.connector(tx, id).await? else {
            continue;
        };
        let chosen = uses
            .iter()
            .map(|choices| choose::chosen(Arc::clone(&connector), choices));
        let can: Vec<Capabilities> = chosen.map(|connector| connector.capabilities().clone()).collect();
        // Of several subscriptions of one key, the one that keeps the old secret for the shortest.
        let Some(overlap) = can.iter().map(|can| can.overlap).max() else {
            continue;
        };
        all.push(RotatedGateway {
            gateway_id: id,
            gateway_name: connection.name,
            overlap,
            overlap_doubles_quota: can.iter().any(|can| can.overlap_doubles_quota),
            propagation_seconds: connector.capabilities().propagation_seconds,
        });
    }
    Ok(all)
}

/// Our own gateways: every change is there with its commit, and nodes are told before the answer.
async fn native(tx: &mut TenantTx, id: SubscriptionId) -> Result<Vec<SubscriptionGateway>, OrchestrationError> {
    let subscription = subscriptions::get(tx, id).await?;
    let keys = look_up::given(tx, id).await?;
    let mut found = Vec::new();
    let mut request = PageRequest {
        after: None,
        limit: gatewright_database::page::PAGE_MAX,
    };
    loop {
        let page = gatewright_native::gateways::list(tx, request).await?;
        request.after = page.items.last().map(|gateway| gateway.id.uuid());
        for gateway in page.items {
            let its: Vec<_> = keys
                .iter()
                .filter(|key| key.environment == gateway.environment)
                .collect();
            let state = match subscription.state {
                state if state.is_final() => ProvisioningState::Removed,
                state if state.admits() => ProvisioningState::Active,
                gatewright_catalog::SubscriptionState::Created => ProvisioningState::Pending,
                _ => ProvisioningState::Suspended,
            };
            let credentials = its.iter().map(|key| GatewayCredential {
                key_id: key.key_id,
                secret_version: key.secret_version,
                state: if key.status == KeyStatus::Active {
                    state
                } else {
                    ProvisioningState::Suspended
                },
                secret: None,
                remote_id: None,
                ends_at: None,
                confirmed_at: Some(subscription.updated_at),
            });
            found.push(SubscriptionGateway {
                gateway_id: gateway.id,
                gateway_name: gateway.name,
                kind: GatewayKind::Native,
                primary: false,
                state,
                last_error: None,
                failing_since: None,
                attempts: 0,
                next_try_at: None,
                acknowledged_at: Some(subscription.updated_at),
                effective_by: Some(subscription.updated_at),
                credentials: credentials.collect(),
            });
        }
        if !page.more {
            return Ok(found);
        }
    }
}

/// Reveals a secret that a gateway made for a key, once.
pub async fn reveal(
    tx: &mut TenantTx,
    key_id: KeyId,
    gateway_id: GatewayId,
) -> Result<SecretString, OrchestrationError> {
    let connection = crate::connections::get(tx, gateway_id).await?;
    let key = look_up::get(tx, key_id).await?;
    if connection.secret_mode != SecretMode::GatewayGenerated {
        return Err(OrchestrationError::NothingToReveal(
            "the gateway has the key's own secret: it was revealed when it was made",
        ));
    }
    for subscription_id in key.subscription_ids {
        credentials::alone(tx, subscription_id).await?;
        let rows = credentials::of_subscription(tx, subscription_id).await?;
        let row = rows
            .into_iter()
            .filter(|row| {
                row.connection_id == gateway_id && row.key_id == key_id && row.secret_version == key.secret_version
            })
            .find(|row| row.secret.is_some());
        let Some(mut row) = row else { continue };
        return match (row.secret, row.generated.take()) {
            (Some(SecretState::Ready), Some(bytes)) if row.confirmed_at.is_some() => {
                let sealed = Sealed::from_bytes(bytes).map_err(gatewright_database::DatabaseError::from)?;
                let secret = tx
                    .open(GENERATED_KIND, sealing_id(&row), row.number.cast_unsigned(), &sealed)
                    .await?;
                row.secret = Some(SecretState::Revealed);
                credentials::update(tx, &row).await?;
                let detail = json!({ "gatewayId": gateway_id, "secretVersion": row.secret_version });
                let (before, after) = (json!({ "revealed": false }), json!({ "revealed": true }));
                tx.changed_telling("orchestration", "secret.revealed", key_id, detail, &before, &after);
                Ok(secret)
            }
            (Some(SecretState::Revealed), _) => {
                Err(OrchestrationError::NothingToReveal("the secret was revealed before"))
            }
            _ => Err(OrchestrationError::NothingToReveal(
                "the gateway has not confirmed a secret yet",
            )),
        };
    }
    Err(OrchestrationError::not_found(
        "credential of this key on gateway",
        gateway_id,
    ))
}
