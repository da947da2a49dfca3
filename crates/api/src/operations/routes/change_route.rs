//! `PATCH /routes/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::model::Route;
use gatewright_native::nodes::Effects;
use gatewright_native::routes::{self, RouteChange};
use gatewright_types::ids::RouteId;

/// Change a route.
#[utoipa::path(patch, path = "/routes/{id}", tag = "Routes", params(("id" = RouteId, Path)), request_body = RouteChange, responses((status = 200, description = "The route", body = Route)))]
pub(crate) async fn change_route(Id(id): Id<RouteId>, command: Command<RouteChange>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = routes::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let route = routes::change(work.tx(), id, new).await?;
    work.edited(&route, Effects::configuration()).await
}
