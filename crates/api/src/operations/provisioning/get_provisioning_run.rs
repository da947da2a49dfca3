//! `GET /provisioning/runs/{id}`

use axum::Json;
use gatewright_orchestration::runs;
use gatewright_orchestration::runs::model::Run;
use gatewright_types::ids::ProvisioningRunId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a run, with how far it is.
#[utoipa::path(get, path = "/provisioning/runs/{id}", tag = "Provisioning", params(("id" = ProvisioningRunId, Path)), responses((status = 200, description = "The run", body = Run)))]
pub(crate) async fn get_provisioning_run(
    operator: Operator,
    Id(id): Id<ProvisioningRunId>,
) -> Result<Json<Run>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(runs::get(&mut tx, id).await?))
}
