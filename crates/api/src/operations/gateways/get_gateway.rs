//! `GET /gateways/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Hosted;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_native::gateways;
use gatewright_types::ids::GatewayId;

/// Get a gateway.
#[utoipa::path(get, path = "/gateways/{id}", tag = "Gateways", params(("id" = GatewayId, Path)), responses((status = 200, description = "Get a gateway.", body = Hosted)))]
pub(crate) async fn get_gateway(operator: Operator, Id(id): Id<GatewayId>) -> Result<Tagged<Hosted>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(operator.hosted(gateways::get(&mut tx, id).await?)))
}
