//! `PATCH /services/{id}`

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;
use axum::response::Response;
use gatewright_native::model::Service;
use gatewright_native::nodes::Effects;
use gatewright_native::services::{self, ServiceChange};
use gatewright_types::ids::ServiceId;

/// Change a service.
#[utoipa::path(patch, path = "/services/{id}", tag = "Services", params(("id" = ServiceId, Path)), request_body = ServiceChange, responses((status = 200, description = "The service", body = Service)))]
pub(crate) async fn change_service(
    Id(id): Id<ServiceId>,
    command: Command<ServiceChange>,
) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    if work.is_conditional() {
        let held = services::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let service = services::change(work.tx(), id, new).await?;
    work.edited(&service, Effects::configuration()).await
}
