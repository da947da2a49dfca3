//! `POST /connections/{id}/disable`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_orchestration::model::Connection;
use gatewright_types::ids::GatewayId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Stop sending anything to a connected gateway; what is to be done waits.
///
/// What ends access waits as well: the gateway goes on admitting whom it admits.
#[utoipa::path(post, path = "/connections/{id}/disable", tag = "Connections", params(("id" = GatewayId, Path)), responses((status = 200, description = "The connection", body = Connection)))]
pub(crate) async fn disable_connection(Id(id): Id<GatewayId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let connection = connections::disable(work.tx(), id).await?;
    work.done(&connection, Effects::default()).await
}
