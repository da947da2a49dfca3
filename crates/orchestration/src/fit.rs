//! Whether everybody who was sold a product still fits a gateway when its mapping changes, or the product is given to gateways
//! from now on: what was judged when they subscribed would otherwise fail there, or a key would open what it is not to.

use std::sync::Arc;

use gatewright_catalog::subscriptions::{self, Standing};
use gatewright_connectors::Connector;
use gatewright_connectors::choice::Layout;
use gatewright_credentials::look_up::{self, Limits};
use gatewright_database::TenantTx;
use gatewright_types::ids::SubscriptionId;

use crate::OrchestrationError;
use crate::choose;
use crate::honor::{self, Wanted};
use crate::model::{Connection, ProductMapping, ProvisioningState};
use crate::store::{self, applications};

/// Subscriptions that are looked at together.
const PAGE: i64 = 500;

/// A gateway as it is connected.
pub(crate) struct Gateway<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) connector: &'a Arc<dyn Connector>,
}

/// Refuses a mapping that one of the subscriptions to its product does not fit.
pub(crate) async fn require(
    tx: &mut TenantTx,
    gateway: &Gateway<'_>,
    before: Option<&ProductMapping>,
    after: &ProductMapping,
) -> Result<(), OrchestrationError> {
    let mut mappings = store::mappings::of_connection(tx, after.gateway_id).await?;
    mappings.retain(|mapping| mapping.product_id != after.product_id);
    mappings.push(after.clone());
    let moves = before.is_some_and(|before| layout(before) != layout(after));
    let mut last = None;
    loop {
        let ids = subscriptions::covering(tx, &[after.product_id], None, last, PAGE).await?;
        last = ids.last().copied();
        if last.is_none() {
            return Ok(());
        }
        if moves {
            stay_apart(tx, gateway, after, &ids).await?;
        }
        let limits = look_up::limits(tx, &ids, gateway.connection.environment).await?;
        for standing in subscriptions::standings(tx, &ids).await? {
            let its = limits
                .iter()
                .filter(|one| one.subscription_id == standing.subscription_id);
            if let Some(reason) = misfit(gateway, &mappings, &standing, its) {
                return Err(refused(gateway, standing.subscription_id, &reason));
            }
        }
    }
}

fn layout(mapping: &ProductMapping) -> Layout {
    mapping.layout.unwrap_or(Layout::OnePerSubscription)
}

/// What is there in one layout is not moved into the other: a value cannot be in both, and between the two its key would open
/// nothing.
async fn stay_apart(
    tx: &mut TenantTx,
    gateway: &Gateway<'_>,
    after: &ProductMapping,
    ids: &[SubscriptionId],
) -> Result<(), OrchestrationError> {
    let rows = applications::of_connection(tx, after.gateway_id, ids).await?;
    let there = rows.into_iter().find(|row| row.state != ProvisioningState::Removed);
    let Some(there) = there else { return Ok(()) };
    let reason = "it is there in the other layout; map another product of that gateway's, or end the mapping and wait until \
                  it is gone there";
    Err(refused(gateway, there.subscription_id, reason))
}

/// Why a subscription, or a key of it, could not be given there what is mapped.
fn misfit<'a>(
    gateway: &Gateway<'_>,
    mappings: &[ProductMapping],
    standing: &Standing,
    keys: impl Iterator<Item = &'a Limits>,
) -> Option<String> {
    let sold = &standing.orchestrated_ids;
    let here: Vec<&ProductMapping> = mappings.iter().filter(|one| sold.contains(&one.product_id)).collect();
    let choices = choose::choices(mappings, gateway.connection.id, sold);
    let connector = match choose::checked(gateway.connector, &choices) {
        Ok(connector) => connector,
        Err(why) => return Some(why),
    };
    let can = connector.capabilities();
    let environment = gateway.connection.environment;
    let wanted = keys.map(|limits| Wanted::limited(environment, limits));
    let mut wanted = std::iter::once(Wanted::common(environment)).chain(wanted);
    wanted.find_map(|wanted| honor::reasons(can, &here, &wanted, 1).into_iter().next())
}

fn refused(gateway: &Gateway<'_>, id: SubscriptionId, reason: &str) -> OrchestrationError {
    OrchestrationError::CannotHonor {
        gateway: gateway.connection.name.clone(),
        reasons: vec![format!("subscription {id} could not be given this: {reason}")],
    }
}
