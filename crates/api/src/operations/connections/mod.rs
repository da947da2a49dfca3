pub(super) mod adopt_consumer;
pub(super) mod change_connection;
pub(super) mod create_connection;
pub(super) mod delete_connection;
pub(super) mod delete_mapping;
pub(super) mod disable_connection;
pub(super) mod enable_connection;
pub(super) mod get_capabilities;
pub(super) mod get_connection;
pub(super) mod import_offers;
pub(super) mod list_adoptable;
pub(super) mod list_breaker_changes;
pub(super) mod list_connections;
pub(super) mod list_mappings;
pub(super) mod list_offers;
pub(super) mod put_mapping;
pub(super) mod reset_breaker;
pub(super) mod verify_connection;

use gatewright_types::ids::{GatewayId, ProductId};

use crate::error::ApiError;

/// The two ids of a path; what is no id names nothing.
fn both_ids(gateway: &str, product: &str) -> Result<(GatewayId, ProductId), ApiError> {
    let gateway_id = gateway
        .parse()
        .map_err(|error| ApiError::not_found(format!("{error}.")))?;
    let product_id = product
        .parse()
        .map_err(|error| ApiError::not_found(format!("{error}.")))?;
    Ok((gateway_id, product_id))
}
