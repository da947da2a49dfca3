//! `POST /provisioning/runs/{id}/apply`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::runs;
use gatewright_orchestration::runs::model::Run;
use gatewright_types::ids::ProvisioningRunId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Apply what a run has planned.
///
/// Everything that differs is brought to what is desired then, after whatever is more urgent; `acknowledged` counts what was
/// read back.
#[utoipa::path(post, path = "/provisioning/runs/{id}/apply", tag = "Provisioning", params(("id" = ProvisioningRunId, Path)), responses((status = 200, description = "The run", body = Run)))]
pub(crate) async fn apply_provisioning_run(
    Id(id): Id<ProvisioningRunId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let run = runs::apply(work.tx(), id).await?;
    work.done(&run, Effects::default()).await
}
