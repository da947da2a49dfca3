//! `GET /connections/{id}/adoptable`

use axum::Json;
use axum::extract::State;
use gatewright_orchestration::adoption::{self, Candidate};
use gatewright_orchestration::connections;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::principal::Operator;

/// Longest cursor of a gateway's, in bytes.
const CURSOR_MAX_BYTES: usize = 4096;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A page of consumers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidates {
    /// What is on it, which may be nothing.
    items: Vec<Candidate>,
    /// Send it as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
}

/// List consumers of a connected gateway that were not made by Gatewright, with their keys and the plans that fit.
///
/// Asks the gateway, which takes as long as it takes. Nothing is changed, and no secret is shown.
#[utoipa::path(get, path = "/connections/{id}/adoptable", tag = "Connections", params(("id" = GatewayId, Path), Which), responses((status = 200, description = "One page", body = Candidates)))]
pub(crate) async fn list_adoptable(
    State(state): State<ApiState>,
    operator: Operator,
    Id(id): Id<GatewayId>,
    Query(which): Query<Which>,
) -> Result<Json<Candidates>, ApiError> {
    if which
        .cursor
        .as_ref()
        .is_some_and(|cursor| cursor.len() > CURSOR_MAX_BYTES)
    {
        let error = FieldError::new("cursor", format!("expected at most {CURSOR_MAX_BYTES} bytes"));
        return Err(ApiError::invalid(vec![error]));
    }
    let engine = state.orchestrator();
    let mut tx = operator.begin().await?;
    let (connection, connector) = connections::with_connector(engine, &mut tx, id).await?;
    tx.close().await?;
    let page = adoption::list(engine, &connection, &*connector, which.cursor).await?;
    let mut tx = operator.begin().await?;
    let items = adoption::preview(&mut tx, &connection, page.items).await?;
    let next_cursor = page.next;
    Ok(Json(Candidates { items, next_cursor }))
}
