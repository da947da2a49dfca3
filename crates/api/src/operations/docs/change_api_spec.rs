//! `PATCH /docs/api-specs/{id}`

use axum::extract::State;
use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::model::ApiSpec;
use gatewright_portal::specs::{self, ApiSpecChange};
use gatewright_types::ids::ApiSpecId;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Change where an API description comes from, where it stands and who may read it.
#[utoipa::path(patch, path = "/docs/api-specs/{id}", tag = "Docs", params(("id" = ApiSpecId, Path)), request_body = ApiSpecChange, responses((status = 200, description = "The description", body = ApiSpec)))]
pub(crate) async fn change_api_spec(
    State(state): State<ApiState>,
    Id(id): Id<ApiSpecId>,
    command: Command<ApiSpecChange>,
) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    if work.is_conditional() {
        let held = specs::lock(work.tx(), id).await?;
        work.require(&held)?;
    }
    let spec = specs::change(work.tx(), state.egress_policy(), id, change).await?;
    work.edited(&spec, Effects::default()).await
}
