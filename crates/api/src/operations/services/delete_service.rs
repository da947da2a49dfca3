//! `DELETE /services/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use crate::work::Nothing;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_native::services;
use gatewright_types::ids::ServiceId;

/// Delete a service that no route goes to.
#[utoipa::path(delete, path = "/services/{id}", tag = "Services", params(("id" = ServiceId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_service(Id(id): Id<ServiceId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    if work.is_conditional() {
        let held = services::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    services::delete(work.tx(), id).await?;
    work.deleted(Effects::configuration()).await
}
