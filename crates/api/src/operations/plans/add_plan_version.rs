//! `POST /plans/{id}/versions`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::{Plan, PlanTerms};
use gatewright_catalog::plans;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::PlanId;

/// Give a plan a new version; subscriptions that exist keep theirs.
#[utoipa::path(post, path = "/plans/{id}/versions", tag = "Plans", params(("id" = PlanId, Path)), request_body = PlanTerms, responses((status = 201, description = "The plan with its new version", body = Plan)))]
pub(crate) async fn add_plan_version(Id(id): Id<PlanId>, command: Command<PlanTerms>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = plans::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let plan = plans::add_version(work.tx(), id, new).await?;
    work.created(&plan, Effects::default()).await
}
