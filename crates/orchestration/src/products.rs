//! Whether a product's keys are given to connected gateways, and what follows when that changes.

use gatewright_catalog::model::Product;
use gatewright_catalog::products::{self, ProductChange};
use gatewright_catalog::subscriptions;
use gatewright_database::TenantTx;
use gatewright_types::ids::ProductId;

use crate::engine::Orchestrator;
use crate::fit::{self, Gateway};
use crate::model::Urgency;
use crate::{OrchestrationError, access, store};

/// Subscriptions that are told at once.
const AT_ONCE: i64 = 500;

/// Changes a product. Given to connected gateways from now on or not any more, everyone who bought it is brought to that
/// on each of them; where one of them could not be, it is refused.
pub async fn change(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    id: ProductId,
    wanted: ProductChange,
) -> Result<Product, OrchestrationError> {
    let before = products::lock(tx, id).await?;
    let product = products::change(tx, id, wanted).await?;
    if before.orchestrated == product.orchestrated || !store::connections::exist(tx).await? {
        return Ok(product);
    }
    let urgency = if product.orchestrated {
        fits(engine, tx, id).await?;
        Urgency::Bulk
    } else {
        Urgency::Security
    };
    let mut after = None;
    loop {
        let ids = subscriptions::covering(tx, &[id], None, after, AT_ONCE).await?;
        access::touch(tx, &ids, urgency).await?;
        after = ids.last().copied();
        if i64::try_from(ids.len()).unwrap_or(0) < AT_ONCE {
            return Ok(product);
        }
    }
}

/// Refuses what one of the gateways could not give everyone who bought it. One that cannot be used as it is set up says nothing.
async fn fits(engine: &Orchestrator, tx: &mut TenantTx, id: ProductId) -> Result<(), OrchestrationError> {
    for mapping in store::mappings::of_products(tx, &[id]).await? {
        if let Ok((connection, connector)) = engine.connector(tx, mapping.gateway_id).await? {
            let gateway = Gateway {
                connection: &connection,
                connector: &connector,
            };
            fit::require(tx, &gateway, Some(&mapping), &mapping).await?;
        }
    }
    Ok(())
}
