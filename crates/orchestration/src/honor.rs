//! What a gateway cannot honor is refused when it is asked for, and not when it has to be done.

use gatewright_catalog::subscriptions;
use gatewright_connectors::model::Granularity;
use gatewright_credentials::issue::NewKey;
use gatewright_credentials::model::ApiKey;
use gatewright_database::TenantTx;
use gatewright_types::access::Environment;
use gatewright_types::ids::{ProductId, SubscriptionId};

use crate::OrchestrationError;
use crate::engine::Orchestrator;
use crate::store;

/// What is asked of a key.
pub(crate) struct Wanted {
    environment: Environment,
    product_ids: Option<Vec<ProductId>>,
    addresses: bool,
}

impl Wanted {
    pub(crate) fn of(key: &NewKey) -> Self {
        let (product_ids, addresses) = (key.product_ids.clone(), key.allowed_addresses.is_some());
        Self {
            environment: key.environment,
            product_ids,
            addresses,
        }
    }

    pub(crate) fn of_key(key: &ApiKey) -> Self {
        let (product_ids, addresses) = (key.product_ids.clone(), key.allowed_addresses.is_some());
        Self {
            environment: key.environment,
            product_ids,
            addresses,
        }
    }
}

/// Fails where a gateway that is to be given such a key cannot hold it to its limits.
pub(crate) async fn require(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    subscription_id: SubscriptionId,
    wanted: &Wanted,
) -> Result<(), OrchestrationError> {
    if wanted.product_ids.is_none() && !wanted.addresses {
        return Ok(());
    }
    let Some(subscription) = subscriptions::standings(tx, &[subscription_id]).await?.pop() else {
        return Ok(());
    };
    let mappings = store::mappings::of_products(tx, &subscription.orchestrated_ids).await?;
    let covered = |id: &ProductId| wanted.product_ids.as_ref().is_none_or(|kept| kept.contains(id));
    let mut gateways: Vec<_> = mappings.iter().map(|mapping| mapping.gateway_id).collect();
    gateways.dedup();
    for id in gateways {
        let Ok((connection, connector)) = engine.connector(tx, id).await? else {
            continue;
        };
        let here: Vec<_> = mappings.iter().filter(|mapping| mapping.gateway_id == id).collect();
        let given = here.iter().filter(|mapping| covered(&mapping.product_id)).count();
        if connection.environment != wanted.environment || given == 0 {
            continue;
        }
        let can = connector.capabilities();
        let mut reasons = Vec::new();
        if given < here.len() && can.scope_granularity == Granularity::Application {
            reasons.push("all keys of a subscription may call the same there, so a key cannot be narrowed to some of its products".to_owned());
        }
        if wanted.addresses && !can.restricts_addresses {
            reasons.push("it cannot restrict a key to addresses".to_owned());
        }
        if !reasons.is_empty() {
            let gateway = connection.name;
            return Err(OrchestrationError::CannotHonor { gateway, reasons });
        }
    }
    Ok(())
}
