//! `GET /provisioning/runs/{id}/findings`

use axum::Json;
use gatewright_orchestration::runs;
use gatewright_orchestration::runs::model::Finding;
use gatewright_types::ids::ProvisioningRunId;

use crate::error::ApiError;
use crate::extract::{Id, Query};
use crate::lists::{List, PageQuery};
use crate::principal::Operator;

/// List what a run has found: where a gateway differs, and what repairing it does.
#[utoipa::path(get, path = "/provisioning/runs/{id}/findings", tag = "Provisioning", params(("id" = ProvisioningRunId, Path), PageQuery), responses((status = 200, description = "A page, newest first", body = List<Finding>)))]
pub(crate) async fn list_provisioning_findings(
    operator: Operator,
    Id(id): Id<ProvisioningRunId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<Finding>>, ApiError> {
    let request = page.request()?;
    let mut tx = operator.begin().await?;
    let page = runs::findings(&mut tx, id, request).await?;
    Ok(Json(List::new(page, |finding| finding.id.uuid())))
}
