//! `GET /provisioning/runs`

use axum::Json;
use gatewright_orchestration::runs;
use gatewright_orchestration::runs::model::Run;
use gatewright_types::ids::GatewayId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which runs are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    /// Only those that look at this connection.
    connection_id: Option<GatewayId>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List runs; they are kept for 30 days.
#[utoipa::path(get, path = "/provisioning/runs", tag = "Provisioning", params(RunQuery), responses((status = 200, description = "A page, newest first", body = List<Run>)))]
pub(crate) async fn list_provisioning_runs(
    operator: Operator,
    Query(query): Query<RunQuery>,
) -> Result<Json<List<Run>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let mut tx = operator.begin().await?;
    let page = runs::list(&mut tx, query.connection_id, request).await?;
    Ok(Json(List::new(page, |run| run.id.uuid())))
}
