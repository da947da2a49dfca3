//! `POST /provisioning/runs`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_orchestration::runs;
use gatewright_orchestration::runs::model::{NewRun, Run};

use crate::error::ApiError;
use crate::work::Command;

/// Look at what connected gateways have, against what is desired.
///
/// SYNC plans: one, many or all subscriptions on one, many or all gateways; nothing is changed before it is applied. DRIFT
/// goes through everything with our mark on one gateway, as is done every hour, and repairs it where the connection's
/// `driftPolicy` says so.
#[utoipa::path(post, path = "/provisioning/runs", tag = "Provisioning", request_body = NewRun, responses((status = 201, description = "The run; a worker goes on with it", body = Run)))]
pub(crate) async fn create_provisioning_run(command: Command<NewRun>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let run = runs::create(work.tx(), new).await?;
    work.created(&run, Effects::default()).await
}
