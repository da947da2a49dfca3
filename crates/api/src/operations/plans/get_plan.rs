//! `GET /plans/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_catalog::model::Plan;
use gatewright_catalog::plans;
use gatewright_types::ids::PlanId;

/// Get a plan with its current version.
#[utoipa::path(get, path = "/plans/{id}", tag = "Plans", params(("id" = PlanId, Path)), responses((status = 200, description = "Get a plan with its current version.", body = Plan)))]
pub(crate) async fn get_plan(operator: Operator, Id(id): Id<PlanId>) -> Result<Tagged<Plan>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(plans::get(&mut tx, id).await?))
}
