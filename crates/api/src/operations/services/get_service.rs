//! `GET /services/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::precondition::Tagged;
use crate::principal::Operator;
use gatewright_native::model::Service;
use gatewright_native::services;
use gatewright_types::ids::ServiceId;

/// Get a service.
#[utoipa::path(get, path = "/services/{id}", tag = "Services", params(("id" = ServiceId, Path)), responses((status = 200, description = "Get a service.", body = Service)))]
pub(crate) async fn get_service(operator: Operator, Id(id): Id<ServiceId>) -> Result<Tagged<Service>, ApiError> {
    let mut tx = operator.begin().await?;
    Ok(Tagged(services::get(&mut tx, id).await?))
}
