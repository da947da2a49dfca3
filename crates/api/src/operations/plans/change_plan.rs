//! `PATCH /plans/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::Plan;
use gatewright_catalog::plans::{self, PlanChange};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::PlanId;

/// Change a plan's name or description; its terms get a new version instead.
#[utoipa::path(patch, path = "/plans/{id}", tag = "Plans", params(("id" = PlanId, Path)), request_body = PlanChange, responses((status = 200, description = "The plan", body = Plan)))]
pub(crate) async fn change_plan(Id(id): Id<PlanId>, command: Command<PlanChange>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = plans::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let plan = plans::change(work.tx(), id, new).await?;
    work.edited(&plan, Effects::default()).await
}
