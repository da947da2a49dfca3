//! `POST /gateways/{id}/routes`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::model::Route;
use gatewright_native::nodes::Effects;
use gatewright_native::routes::{self, NewRoute};
use gatewright_types::ids::GatewayId;

/// Create a route of a native gateway.
#[utoipa::path(post, path = "/gateways/{id}/routes", tag = "Routes", params(("id" = GatewayId, Path)), request_body = NewRoute, responses((status = 201, description = "The route", body = Route)))]
pub(crate) async fn create_route(Id(id): Id<GatewayId>, command: Command<NewRoute>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let route = routes::create(work.tx(), id, new).await?;
    work.created(&route, Effects::configuration()).await
}
