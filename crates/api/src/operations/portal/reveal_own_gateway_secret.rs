//! `POST /portal/keys/{id}/gateways/{gatewayId}/reveal`

use axum::extract::Path;
use axum::response::Response;
use gatewright_credentials::look_up;

use crate::error::ApiError;
use crate::operations::keys::reveal_gateway_secret::{self, RevealedGatewaySecret};
use crate::work::{Command, Nothing};

/// Reveal the secret that a connected gateway made for a key of one's customer, once.
#[utoipa::path(post, path = "/portal/keys/{id}/gateways/{gatewayId}/reveal", tag = "Portal", params(("id" = gatewright_types::ids::KeyId, Path), ("gatewayId" = gatewright_types::ids::GatewayId, Path)), responses((status = 200, description = "The secret", body = RevealedGatewaySecret)))]
pub(crate) async fn reveal_own_gateway_secret(
    Path(named): Path<(String, String)>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (key_id, gateway_id) = reveal_gateway_secret::ids(named)?;
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    look_up::get_of_customer(work.tx(), seat.customer_id, key_id).await?;
    reveal_gateway_secret::reveal(work, key_id, gateway_id).await
}
