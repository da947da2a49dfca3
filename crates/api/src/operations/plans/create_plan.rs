//! `POST /plans`

use crate::error::ApiError;
use crate::work::Command;
use axum::response::Response;
use gatewright_catalog::model::Plan;
use gatewright_catalog::plans::{self, NewPlan};
use gatewright_native::nodes::Effects;

/// Create a plan; its terms become version 1.
#[utoipa::path(post, path = "/plans", tag = "Plans", request_body = NewPlan, responses((status = 201, description = "The plan", body = Plan)))]
pub(crate) async fn create_plan(command: Command<NewPlan>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let plan = plans::create(work.tx(), new).await?;
    work.created(&plan, Effects::default()).await
}
