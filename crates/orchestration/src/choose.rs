//! A gateway as a subscription uses it: what its products' mappings chose decides.

use std::sync::Arc;

use gatewright_connectors::Connector;
use gatewright_connectors::choice::Choice;
use gatewright_types::ids::{GatewayId, ProductId};

use crate::model::ProductMapping;

/// The choices of the mappings on one gateway that stand for what a subscription covers.
pub(crate) fn choices(mappings: &[ProductMapping], id: GatewayId, sold: &[ProductId]) -> Vec<Choice> {
    let its = mappings
        .iter()
        .filter(|mapping| mapping.gateway_id == id && sold.contains(&mapping.product_id));
    its.map(ProductMapping::choice).collect()
}

/// The gateway as those want it, or why they cannot be kept together.
pub(crate) fn checked(connector: &Arc<dyn Connector>, choices: &[Choice]) -> Result<Arc<dyn Connector>, String> {
    Ok(connector.choose(choices)?.unwrap_or_else(|| Arc::clone(connector)))
}

/// The same. Where they cannot be kept together, which is refused when it is asked for, it is as it was connected: whatever
/// ends access can be done that way as well.
pub(crate) fn chosen(connector: Arc<dyn Connector>, choices: &[Choice]) -> Arc<dyn Connector> {
    checked(&connector, choices).unwrap_or(connector)
}
