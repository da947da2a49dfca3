//! `POST /gateways`

use crate::error::ApiError;
use crate::lists::Hosted;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::gateways::{self, NewGateway};
use gatewright_native::nodes::Effects;

/// Create a native gateway.
#[utoipa::path(post, path = "/gateways", tag = "Gateways", request_body = NewGateway, responses((status = 201, description = "The gateway", body = Hosted)))]
pub(crate) async fn create_gateway(command: Command<NewGateway>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let gateway = gateways::create(work.tx(), new).await?;
    let gateway = work.hosted(gateway);
    work.created(&gateway, Effects::configuration()).await
}
