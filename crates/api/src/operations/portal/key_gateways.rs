//! Where keys of a customer can be used.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

use gatewright_catalog::subscriptions;
use gatewright_credentials::model::ApiKey;
use gatewright_database::TenantTx;
use gatewright_native::routes::{self, Easiest};
use gatewright_orchestration::model::{GatewayCredential, GatewayKind, ProvisioningState, SubscriptionGateway};
use gatewright_orchestration::view;
use gatewright_types::ids::{ProductId, SubscriptionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// On how many gateways a key can be used.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewayCount {
    /// Where it works now.
    active: usize,
    /// Of so many that have it, or should.
    total: usize,
}

/// What is known of the gateways of some keys. What several of them have in common is read once.
pub(super) struct KeyGateways {
    sold: HashMap<SubscriptionId, Vec<ProductId>>,
    of_subscription: HashMap<SubscriptionId, Vec<SubscriptionGateway>>,
    led_to: BTreeMap<Vec<ProductId>, Vec<Easiest>>,
}

impl KeyGateways {
    pub(super) async fn read(tx: &mut TenantTx, keys: &[&ApiKey]) -> Result<Self, ApiError> {
        let ids: HashSet<SubscriptionId> = keys.iter().flat_map(|key| &key.subscription_ids).copied().collect();
        let ids: Vec<SubscriptionId> = ids.into_iter().collect();
        let standings = subscriptions::standings(tx, &ids).await?;
        let sold = standings.into_iter().map(|one| (one.subscription_id, one.product_ids));
        let mut all = Self {
            sold: sold.collect(),
            of_subscription: HashMap::new(),
            led_to: BTreeMap::new(),
        };
        for id in ids {
            all.of_subscription.insert(id, view::gateways(tx, id).await?);
        }
        for key in keys {
            let products = all.products(key);
            if let Entry::Vacant(unread) = all.led_to.entry(products) {
                let routes = routes::easiest(tx, unread.key()).await?;
                unread.insert(routes);
            }
        }
        Ok(all)
    }

    /// What a key may call, in a fixed order.
    fn products(&self, key: &ApiKey) -> Vec<ProductId> {
        let sold = key.subscription_ids.iter().filter_map(|id| self.sold.get(id)).flatten();
        let kept = |id: &&ProductId| key.product_ids.as_ref().is_none_or(|kept| kept.contains(id));
        let mut products: Vec<ProductId> = sold.filter(kept).copied().collect();
        products.sort_unstable();
        products.dedup();
        products
    }

    /// Of each of our own gateways that leads to one of a key's products, the route that is called most easily.
    pub(super) fn routes(&self, key: &ApiKey) -> &[Easiest] {
        self.led_to.get(&self.products(key)).map_or(&[], Vec::as_slice)
    }

    /// The gateways of a key, ours first, and the key's current secret there.
    pub(super) fn of(&self, key: &ApiKey) -> Vec<(&SubscriptionGateway, &GatewayCredential)> {
        let (routes, mut known) = (self.routes(key), HashSet::new());
        let gateways = key
            .subscription_ids
            .iter()
            .filter_map(|id| self.of_subscription.get(id));
        gateways
            .flatten()
            // Our own admit a key wherever a route leads to one of its products, and only there.
            .filter(|one| {
                one.kind != GatewayKind::Native || routes.iter().any(|route| route.gateway_id == one.gateway_id)
            })
            .filter_map(|one| Some((one, current(one, key)?)))
            .filter(|(one, _)| known.insert(one.gateway_id))
            .collect()
    }

    /// The same in figures.
    pub(super) fn count(&self, key: &ApiKey) -> GatewayCount {
        let gateways = self.of(key);
        let active = gateways
            .iter()
            .filter(|(gateway, current)| state(gateway, current) == ProvisioningState::Active)
            .count();
        GatewayCount {
            active,
            total: gateways.len(),
        }
    }
}

/// Nothing where the key is not given to the gateway.
fn current<'g>(gateway: &'g SubscriptionGateway, key: &ApiKey) -> Option<&'g GatewayCredential> {
    let its = gateway.credentials.iter().filter(|one| one.key_id == key.id);
    its.max_by_key(|one| one.secret_version)
}

/// How it is with a key there. What is wrong with the gateway as a whole is wrong for the key.
pub(super) fn state(gateway: &SubscriptionGateway, current: &GatewayCredential) -> ProvisioningState {
    match gateway.state {
        ProvisioningState::Unreachable | ProvisioningState::Failed | ProvisioningState::Drifted => gateway.state,
        _ => current.state,
    }
}
