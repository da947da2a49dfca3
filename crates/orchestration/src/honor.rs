//! What a gateway cannot honor is refused when it is asked for, and not when it has to be done.

use std::collections::BTreeSet;

use gatewright_catalog::subscriptions;
use gatewright_connectors::model::{Capabilities, Granularity, Overlap};
use gatewright_credentials::issue::NewKey;
use gatewright_credentials::look_up;
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
    /// The subscription has keys already.
    another: bool,
    /// They were there before us: as many as the gateway holds, although not each can be rotated beside all others.
    adopted: bool,
    /// It is the key's subscription that begins as well, or gets another key.
    subscribes: bool,
}

impl Wanted {
    pub(crate) fn of(key: &NewKey) -> Self {
        let (product_ids, addresses) = (key.product_ids.clone(), key.allowed_addresses.is_some());
        Self {
            environment: key.environment,
            product_ids,
            addresses,
            another: false,
            adopted: false,
            subscribes: true,
        }
    }

    /// The same, beside the subscription's other keys.
    pub(crate) fn another(key: &NewKey) -> Self {
        Self {
            another: true,
            ..Self::of(key)
        }
    }

    /// The last of some that were adopted with their subscription.
    pub(crate) fn adopted(key: &NewKey) -> Self {
        Self {
            adopted: true,
            ..Self::another(key)
        }
    }

    pub(crate) fn of_key(key: &ApiKey) -> Self {
        let (product_ids, addresses) = (key.product_ids.clone(), key.allowed_addresses.is_some());
        Self {
            environment: key.environment,
            product_ids,
            addresses,
            another: false,
            adopted: false,
            subscribes: false,
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
    if wanted.product_ids.is_none() && !wanted.addresses && !wanted.subscribes {
        return Ok(());
    }
    let Some(subscription) = subscriptions::standings(tx, &[subscription_id]).await?.pop() else {
        return Ok(());
    };
    let mappings = store::mappings::of_products(tx, &subscription.orchestrated_ids).await?;
    let covered = |id: &ProductId| wanted.product_ids.as_ref().is_none_or(|kept| kept.contains(id));
    let mut gateways: Vec<_> = mappings.iter().map(|mapping| mapping.gateway_id).collect();
    gateways.dedup();
    if gateways.is_empty() {
        return Ok(());
    }
    let keys = look_up::given(tx, subscription_id).await?;
    let keys = keys.iter().filter(|key| key.environment == wanted.environment).count();
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
        let opened: BTreeSet<&String> = here.iter().flat_map(|mapping| &mapping.scope).collect();
        if let Some(most) = can.scope_max.filter(|most| opened.len() > *most as usize) {
            reasons.push(format!(
                "a subscription opens {most} of its groups, plans or products there, and the products of this one stand for {}: \
                 map them to one that has everything",
                opened.len()
            ));
        }
        if let Some(most) = keys_max(can, wanted.adopted).filter(|most| wanted.another && keys > *most) {
            reasons.push(format!(
                "it can have {most} key of a subscription: a rotation needs the place of another"
            ));
        }
        if !reasons.is_empty() {
            let gateway = connection.name;
            return Err(OrchestrationError::CannotHonor { gateway, reasons });
        }
    }
    Ok(())
}

/// Most keys of a subscription, so that each can be rotated with both its secrets valid; none for any number.
fn keys_max(can: &Capabilities, adopted: bool) -> Option<usize> {
    let places = usize::try_from(can.credentials_max?).unwrap_or(usize::MAX);
    match can.overlap {
        _ if adopted => Some(places),
        Overlap::None => Some(places),
        Overlap::Native | Overlap::Cloned => Some((places / 2).max(1)),
    }
}
