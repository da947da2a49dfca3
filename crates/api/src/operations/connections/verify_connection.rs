//! `POST /connections/{id}/verify`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Look at a connected gateway again: reachable, version, permissions, clock, and what is open there by default.
#[utoipa::path(post, path = "/connections/{id}/verify", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection, with what was found", body = Connection)))]
pub(crate) async fn verify_connection(Id(id): Id<GatewayId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let engine = command.orchestrator();
    let mut tx = command.look().await?;
    let (connection, connector) = connections::with_connector(&engine, &mut tx, id).await?;
    tx.close().await?;
    let report = connections::verify(&engine, &connection, &*connector).await;
    let (mut work, _) = command.begin().await?;
    let connection = connections::verified(work.tx(), id, &report).await?;
    work.done(&connection, Effects::default()).await
}
