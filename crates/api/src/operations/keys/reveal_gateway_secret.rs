//! `POST /keys/{id}/gateways/{gatewayId}/reveal`

use axum::extract::Path;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::view;
use gatewright_types::ids::{GatewayId, KeyId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::reveal::Revealing;
use crate::work::{Command, Nothing, Work};

/// A secret that a gateway made, which no later answer shows again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevealedGatewaySecret {
    /// Whose.
    key_id: KeyId,
    /// Where it is valid.
    gateway_id: GatewayId,
    /// The secret. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>)]
    secret: Revealing,
}

/// Reveal the secret that a connected gateway made for a key, once.
#[utoipa::path(post, path = "/keys/{id}/gateways/{gatewayId}/reveal", tag = "Keys", params(("id" = KeyId, Path), ("gatewayId" = GatewayId, Path)), responses((status = 200, description = "The secret", body = RevealedGatewaySecret)))]
pub(crate) async fn reveal_gateway_secret(
    Path(named): Path<(String, String)>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (key_id, gateway_id) = ids(named)?;
    let (work, _) = command.begin().await?;
    reveal(work, key_id, gateway_id).await
}

/// What a path names.
pub(crate) fn ids((key, gateway): (String, String)) -> Result<(KeyId, GatewayId), ApiError> {
    let key_id = key.parse().map_err(|error| ApiError::not_found(format!("{error}.")))?;
    let gateway_id = gateway
        .parse()
        .map_err(|error| ApiError::not_found(format!("{error}.")))?;
    Ok((key_id, gateway_id))
}

/// Reveals it to whoever was found to be the one.
pub(crate) async fn reveal(mut work: Work, key_id: KeyId, gateway_id: GatewayId) -> Result<Response, ApiError> {
    let secret = Revealing::new(view::reveal(work.tx(), key_id, gateway_id).await?);
    work.done(
        &RevealedGatewaySecret {
            key_id,
            gateway_id,
            secret,
        },
        Effects::default(),
    )
    .await
}
