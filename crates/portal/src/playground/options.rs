//! What somebody can call with, and where. The same function judges that a node asks.

use gatewright_credentials::look_up;
use gatewright_credentials::model::ApiKey;
use gatewright_database::{PageRequest, TenantTx};
use gatewright_orchestration::calling::{self, Held};
use gatewright_snapshot::{Credential, Place, Scope, admit_at};
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{CustomerId, GatewayId, KeyId, ProductId};

use super::limits::KEYS_MAX;
use super::model::{KeyOption, PlaygroundOptions};
use super::{Playground, PlaygroundError, Who};
use crate::places::Reached;

/// Whether a key has to do with a product at all, on any of these gateways.
pub(super) fn covers(credential: &Credential, product_id: ProductId, gateways: &[GatewayId]) -> bool {
    credential.grants.iter().any(|grant| match &grant.scope {
        Scope::Products(products) => products.contains(&product_id),
        Scope::Gateway { gateway_id, .. } => gateways.contains(gateway_id),
    })
}

/// How a key is shown where its secret must not be.
pub(super) fn shown(key: &ApiKey) -> String {
    format!("{}…{}", key.prefix, key.last_four)
}

impl Playground {
    /// Gateways that serve a product, and keys of a customer that cover it.
    pub async fn options(
        &self,
        tx: &mut TenantTx,
        who: Who,
        product_id: ProductId,
    ) -> Result<PlaygroundOptions, PlaygroundError> {
        let reached = self.reached(tx, product_id).await?;
        let keys = keys_of(tx, who.customer_id).await?;
        let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
        let records = look_up::current(tx, &ids).await?;
        let held = calling::held(tx, &ids).await?;
        let gateways: Vec<GatewayId> = reached.iter().map(|one| one.gateway_id).collect();
        let now_ms = tx.now().timestamp_millis();
        let options = keys.iter().filter_map(|key| {
            let record = records.iter().find(|record| record.credential.key_id == key.id)?;
            if !covers(&record.credential, product_id, &gateways) {
                return None;
            }
            let judged: Vec<(GatewayId, Option<String>)> = reached
                .iter()
                .map(|one| {
                    (
                        one.gateway_id,
                        refusal(one, key, &record.credential, &held, (who, product_id), now_ms),
                    )
                })
                .collect();
            Some(option(
                key,
                record.credential.grants.first().map(|grant| grant.subscription_id),
                judged,
            ))
        });
        Ok(PlaygroundOptions {
            keys: options.collect(),
            places: reached.into_iter().map(|one| one.place).collect(),
        })
    }
}

/// The newest keys of a customer that are not revoked.
async fn keys_of(tx: &mut TenantTx, id: CustomerId) -> Result<Vec<ApiKey>, PlaygroundError> {
    let newest = PageRequest {
        after: None,
        limit: KEYS_MAX,
    };
    let page = look_up::list_of_customer(tx, id, newest).await?;
    Ok(page
        .items
        .into_iter()
        .filter(|key| key.status != KeyStatus::Revoked)
        .collect())
}

fn option(
    key: &ApiKey,
    subscription_id: Option<gatewright_types::ids::SubscriptionId>,
    judged: Vec<(GatewayId, Option<String>)>,
) -> KeyOption {
    let gateway_ids: Vec<GatewayId> = judged
        .iter()
        .filter(|(_, why)| why.is_none())
        .map(|(id, _)| *id)
        .collect();
    let usable = !gateway_ids.is_empty();
    let why = match judged.into_iter().find_map(|(_, why)| why) {
        _ if usable => None,
        None => Some("No gateway serves this product.".to_owned()),
        why => why,
    };
    KeyOption {
        id: key.id,
        name: key.name.clone(),
        shown: shown(key),
        environment: key.environment,
        subscription_id,
        usable,
        why,
        gateway_ids,
    }
}

/// Why a gateway would not admit a key; none: it would.
fn refusal(
    one: &Reached,
    key: &ApiKey,
    credential: &Credential,
    held: &[Held],
    (who, product_id): (Who, ProductId),
    now_ms: i64,
) -> Option<String> {
    let place = Place {
        tenant_id: credential.tenant_id,
        environment: one.environment,
        gateway_id: Some(one.gateway_id),
        product_id: Some(product_id),
        // A connected gateway sees the address of the control plane, and few look at it.
        peer: one.vendor.is_none().then(|| who.judged()),
    };
    if let Err(refusal) = admit_at(&place, credential, now_ms) {
        return Some(refusal.detail.into_owned());
    }
    let is_there = |held: &Held| {
        held.connection_id == one.gateway_id && held.key_id == key.id && held.secret_version == key.secret_version
    };
    if one.vendor.is_some() && !held.iter().any(is_there) {
        return Some(format!("{} does not have this key yet.", one.place.name));
    }
    None
}
