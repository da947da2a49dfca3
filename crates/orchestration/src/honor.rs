//! What a gateway cannot honor is refused when it is asked for, and not when it has to be done.

use std::collections::BTreeSet;

use gatewright_catalog::subscriptions::Standing;
use gatewright_connectors::model::{Capabilities, Granularity, Overlap};
use gatewright_credentials::issue::NewKey;
use gatewright_credentials::look_up::{self, Limits};
use gatewright_credentials::model::ApiKey;
use gatewright_database::TenantTx;
use gatewright_types::access::Environment;
use gatewright_types::ids::ProductId;

use crate::OrchestrationError;
use crate::choose;
use crate::engine::Orchestrator;
use crate::model::ProductMapping;
use crate::store;

/// On what occasion a key is judged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// It is its subscription's first.
    First,
    /// The subscription has keys already.
    Another,
    /// It was there before us, as were its subscription's others: as many as the gateway holds, although not each can be
    /// rotated beside all others.
    Adopted,
    /// It is there and changes.
    Change,
    /// It is none: what a subscription's keys have in common.
    Common,
}

/// What is asked of a key.
pub(crate) struct Wanted {
    environment: Environment,
    product_ids: Option<Vec<ProductId>>,
    addresses: bool,
    occasion: Occasion,
}

impl Wanted {
    pub(crate) fn first(key: &NewKey) -> Self {
        Self {
            environment: key.environment,
            product_ids: key.product_ids.clone(),
            addresses: key.allowed_addresses.is_some(),
            occasion: Occasion::First,
        }
    }

    /// The same, beside the subscription's other keys.
    pub(crate) fn another(key: &NewKey) -> Self {
        Self {
            occasion: Occasion::Another,
            ..Self::first(key)
        }
    }

    /// Keys without limits, which were adopted with their subscription.
    pub(crate) const fn adopted(environment: Environment) -> Self {
        Self {
            environment,
            product_ids: None,
            addresses: false,
            occasion: Occasion::Adopted,
        }
    }

    pub(crate) fn changed(key: &ApiKey) -> Self {
        Self {
            environment: key.environment,
            product_ids: key.product_ids.clone(),
            addresses: key.allowed_addresses.is_some(),
            occasion: Occasion::Change,
        }
    }

    /// A key that is there, on a gateway where more or something else is mapped from now on.
    pub(crate) fn limited(environment: Environment, limits: &Limits) -> Self {
        Self {
            environment,
            product_ids: limits.product_ids.clone(),
            addresses: limits.addresses,
            occasion: Occasion::Change,
        }
    }

    /// What all keys of a subscription have in common there.
    pub(crate) const fn common(environment: Environment) -> Self {
        Self {
            environment,
            product_ids: None,
            addresses: false,
            occasion: Occasion::Common,
        }
    }

    fn covers(&self, mapping: &ProductMapping) -> bool {
        let id = &mapping.product_id;
        self.product_ids.as_ref().is_none_or(|kept| kept.contains(id))
    }

    fn is_beside_others(&self) -> bool {
        matches!(self.occasion, Occasion::Another | Occasion::Adopted)
    }

    fn has_limits(&self) -> bool {
        self.product_ids.is_some() || self.addresses
    }
}

/// Fails where a gateway that is to be given such a key cannot hold it to its limits.
pub(crate) async fn require(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    subscription: &Standing,
    wanted: &Wanted,
) -> Result<(), OrchestrationError> {
    let mappings = store::mappings::of_products(tx, &subscription.orchestrated_ids).await?;
    let mut gateways: Vec<_> = mappings.iter().map(|mapping| mapping.gateway_id).collect();
    gateways.dedup();
    let keys = if wanted.is_beside_others() && !gateways.is_empty() {
        let keys = look_up::given(tx, subscription.subscription_id).await?;
        keys.iter().filter(|key| key.environment == wanted.environment).count()
    } else {
        1
    };
    for id in gateways {
        let here: Vec<_> = mappings.iter().filter(|mapping| mapping.gateway_id == id).collect();
        let given = here.iter().any(|mapping| wanted.covers(mapping));
        let opened: BTreeSet<&String> = here.iter().flat_map(|mapping| &mapping.scope).collect();
        // One key without limits, for one thing: every gateway can do that, and subscribing does not look at each.
        let alike = here.windows(2).all(|two| two[0].choice() == two[1].choice());
        let usual = keys == 1 && opened.len() <= 1 && alike && !wanted.has_limits();
        if !given || usual {
            continue;
        }
        let Ok((connection, connector)) = engine.connector(tx, id).await? else {
            continue;
        };
        if connection.environment != wanted.environment {
            continue;
        }
        let choices = choose::choices(&mappings, id, &subscription.orchestrated_ids);
        let mut reasons = Vec::new();
        let connector = match choose::checked(&connector, &choices) {
            Ok(chosen) => chosen,
            Err(why) => {
                reasons.push(why);
                connector
            }
        };
        reasons.extend(self::reasons(connector.capabilities(), &here, wanted, keys));
        if !reasons.is_empty() {
            let gateway = connection.name;
            return Err(OrchestrationError::CannotHonor { gateway, reasons });
        }
    }
    Ok(())
}

/// Why a gateway cannot hold a key to its limits, where these mappings stand for what its subscription covers; `keys` is how many
/// the subscription has then.
pub(crate) fn reasons(can: &Capabilities, here: &[&ProductMapping], wanted: &Wanted, keys: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    let given = here.iter().filter(|mapping| wanted.covers(mapping)).count();
    if given == 0 {
        return reasons;
    }
    let own_scope = can.scope_granularity == Granularity::Credential;
    if given < here.len() && !own_scope {
        reasons.push(
            "all keys of a subscription may call the same there, so a key cannot be narrowed to some of its products"
                .to_owned(),
        );
    }
    if wanted.addresses && !can.restricts_addresses {
        reasons.push("it cannot restrict a key to addresses".to_owned());
    }
    let its = here.iter().filter(|mapping| !own_scope || wanted.covers(mapping));
    let its: BTreeSet<&String> = its.flat_map(|mapping| &mapping.scope).collect();
    let judged = match wanted.occasion {
        // What all keys have in common was judged when the first was made.
        Occasion::Change => own_scope,
        // What each key has is judged with the key.
        Occasion::Common => !own_scope,
        Occasion::First | Occasion::Another | Occasion::Adopted => true,
    };
    if let Some(most) = can.scope_max.filter(|most| judged && its.len() > *most as usize) {
        reasons.push(too_wide(own_scope, most, its.len()));
    }
    let beside_others = wanted.is_beside_others();
    if let Some(most) = keys_max(can, wanted.occasion).filter(|most| beside_others && keys > *most) {
        reasons.push(format!(
            "it can have {most} key of a subscription: a rotation needs the place of another"
        ));
    }
    reasons
}

/// Why this is more than can be opened, and what to do about it.
fn too_wide(own_scope: bool, most: u32, wanted: usize) -> String {
    if own_scope {
        return format!(
            "a key opens {most} of its groups, plans or products there, and what this one covers stands for {wanted}: make keys \
             that are narrowed to fewer products (`productIds`)"
        );
    }
    format!(
        "a subscription opens {most} of its groups, plans or products there, and the products of this one stand for {wanted}: map \
         them to one that has everything"
    )
}

/// Most keys of a subscription, so that each can be rotated with both its secrets valid; none for any number.
fn keys_max(can: &Capabilities, occasion: Occasion) -> Option<usize> {
    let places = usize::try_from(can.credentials_max?).unwrap_or(usize::MAX);
    match can.overlap {
        _ if occasion == Occasion::Adopted => Some(places),
        Overlap::None => Some(places),
        Overlap::Native | Overlap::Cloned => Some((places / 2).max(1)),
    }
}
