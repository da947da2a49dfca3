//! `POST /connections/{id}/breaker/reset`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Close a gateway's circuit breaker by hand, because somebody knows that it is back; what waited is done at once.
#[utoipa::path(post, path = "/connections/{id}/breaker/reset", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn reset_breaker(Id(id): Id<GatewayId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let connection = connections::reset_breaker(work.tx(), id).await?;
    work.done(&connection, Effects::default()).await
}
