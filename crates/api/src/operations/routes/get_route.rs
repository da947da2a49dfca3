//! `GET /routes/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_native::model::Route;
use gatewright_native::routes;
use gatewright_types::ids::RouteId;

/// Get a route.
#[utoipa::path(get, path = "/routes/{id}", tag = "Routes", params(("id" = RouteId, Path)), responses((status = 200, description = "Get a route.", body = Route)))]
pub(crate) async fn get_route(operator: Operator, Id(id): Id<RouteId>) -> Result<Tagged<Route>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(routes::get(&mut tx, id).await?))
}
