//! `GET /customers/{id}/emergency-suspension`

use axum::Json;
use gatewright_orchestration::emergency::{self, EmergencySuspension};
use gatewright_types::ids::CustomerId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Operator;

/// Get a customer's emergency suspension: what is suspended with it, and how far each gateway is.
#[utoipa::path(get, path = "/customers/{id}/emergency-suspension", tag = "Customers", params(("id" = CustomerId, Path)), responses((status = 200, description = "How it stands; `suspendedAt` is null where there is none", body = EmergencySuspension)))]
pub(crate) async fn get_emergency_suspension(
    operator: Operator,
    Id(id): Id<CustomerId>,
) -> Result<Json<EmergencySuspension>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Json(emergency::get(&mut tx, id).await?))
}
