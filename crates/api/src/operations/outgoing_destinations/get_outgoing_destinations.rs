//! `GET /outgoing-destinations`

use gatewright_notify::destinations::{self, OutgoingDestinations};

use crate::error::ApiError;
use crate::precondition::Tagged;
use crate::principal::Operator;

/// Get where outgoing requests of the tenant, as webhooks are, may go.
#[utoipa::path(get, path = "/outgoing-destinations", tag = "Webhooks", responses((status = 200, description = "The list", body = OutgoingDestinations)))]
pub(crate) async fn get_outgoing_destinations(operator: Operator) -> Result<Tagged<OutgoingDestinations>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(destinations::get(&mut tx).await?))
}
