//! `POST /gateways/{id}/services`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::model::Service;
use gatewright_native::nodes::Effects;
use gatewright_native::services::{self, NewService};
use gatewright_types::ids::GatewayId;

/// Create a service of a native gateway.
#[utoipa::path(post, path = "/gateways/{id}/services", tag = "Services", params(("id" = GatewayId, Path)), request_body = NewService, responses((status = 201, description = "The service", body = Service)))]
pub(crate) async fn create_service(Id(id): Id<GatewayId>, command: Command<NewService>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let service = services::create(work.tx(), id, new).await?;
    work.created(&service, Effects::configuration()).await
}
