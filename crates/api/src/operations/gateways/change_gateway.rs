//! `PATCH /gateways/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::lists::Hosted;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::gateways::{self, GatewayChange};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::GatewayId;

/// Change a gateway.
#[utoipa::path(patch, path = "/gateways/{id}", tag = "Gateways", params(("id" = GatewayId, Path)), request_body = GatewayChange, responses((status = 200, description = "The gateway", body = Hosted)))]
pub(crate) async fn change_gateway(
    Id(id): Id<GatewayId>,
    command: Command<GatewayChange>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = gateways::lock(work.tx(), id).await?;
        let held = work.hosted(held);
        work.require(&held)?;
    }
    let gateway = gateways::change(work.tx(), id, new).await?;
    let gateway = work.hosted(gateway);
    work.edited(&gateway, Effects::configuration()).await
}
