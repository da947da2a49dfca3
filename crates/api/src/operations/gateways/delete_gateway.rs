//! `DELETE /gateways/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_native::gateways;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::GatewayId;

/// Delete a gateway that has no API consumers, with its services and routes.
#[utoipa::path(delete, path = "/gateways/{id}", tag = "Gateways", params(("id" = GatewayId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_gateway(Id(id): Id<GatewayId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    if work.is_conditional() {
        let held = gateways::lock(work.tx(), id).await?;
        let held = work.hosted(held);
        work.require(&held)?;
    }
    gateways::delete(work.tx(), id).await?;
    work.deleted(Effects::configuration()).await
}
