//! `DELETE /routes/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_native::routes;
use gatewright_types::ids::RouteId;

/// Delete a route.
#[utoipa::path(delete, path = "/routes/{id}", tag = "Routes", params(("id" = RouteId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_route(Id(id): Id<RouteId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    if work.is_conditional() {
        let held = routes::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    routes::delete(work.tx(), id).await?;
    work.deleted(Effects::configuration()).await
}
