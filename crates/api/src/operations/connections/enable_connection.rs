//! `POST /connections/{id}/enable`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Go on with what waited for a gateway that was disabled.
#[utoipa::path(post, path = "/connections/{id}/enable", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn enable_connection(Id(id): Id<GatewayId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let connection = connections::enable(work.tx(), id).await?;
    work.done(&connection, Effects::default()).await
}
