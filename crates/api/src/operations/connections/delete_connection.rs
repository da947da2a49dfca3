//! `DELETE /connections/{id}`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::connections;
use gatewright_types::ids::GatewayId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::work::{Command, Nothing};

/// How a gateway is disconnected.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Disconnecting {
    /// Leaves everything that was made there as it is, and forgets it: for a gateway that is gone.
    #[serde(default)]
    forget: bool,
}

/// Disconnect a gateway: everything that was made there is taken away, then the connection is gone.
#[utoipa::path(delete, path = "/connections/{id}", tag = "Connections", params(("id" = GatewayId, Path), Disconnecting), responses((status = 204, description = "Disconnected, or DISCONNECTING until everything there is gone")))]
pub(crate) async fn delete_connection(
    Id(id): Id<GatewayId>,
    Query(how): Query<Disconnecting>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    connections::disconnect(work.tx(), id, how.forget).await?;
    work.deleted(Effects::default()).await
}
