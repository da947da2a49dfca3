//! `GET /portal/playground/requests`

use axum::Json;
use gatewright_portal::playground::model::PlaygroundRun;
use gatewright_portal::playground::runs;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiError;
use crate::extract::Query;
use crate::principal::Acting;

/// Of which operation.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunsQuery {
    /// The description's slug; left out: of all.
    reference: Option<String>,
    /// The operation's slug; left out: of all.
    operation: Option<String>,
}

/// Earlier calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlaygroundRuns {
    /// The newest first: 10 of an operation, 50 of all, and none that is older than 30 days.
    items: Vec<PlaygroundRun>,
}

/// List one's own last calls from the portal, without secrets and without the answers' bodies.
#[utoipa::path(get, path = "/portal/playground/requests", tag = "Portal", params(RunsQuery), responses((status = 200, description = "The newest first", body = PlaygroundRuns)))]
pub(crate) async fn list_playground_requests(
    acting: Acting,
    Query(query): Query<RunsQuery>,
) -> Result<Json<PlaygroundRuns>, ApiError> {
    let who = super::who(&acting)?;
    let mut tx = acting.begin().await?;
    let of = (query.reference.as_deref(), query.operation.as_deref());
    let items = runs::list(&mut tx, who.developer_id, of).await?;
    Ok(Json(PlaygroundRuns { items }))
}
