//! `PATCH /portal/colleagues/{id}`

use axum::response::Response;
use gatewright_identity::developers;
use gatewright_identity::model::{Developer, DeveloperRole};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::DeveloperId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// What to change of a colleague.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ColleagueChange {
    /// What they may do.
    role: DeveloperRole,
}

/// Give a colleague, or oneself, another role. The last active OWNER stays one.
#[utoipa::path(patch, path = "/portal/colleagues/{id}", tag = "Portal", params(("id" = DeveloperId, Path)), request_body = ColleagueChange, responses((status = 200, description = "The developer", body = Developer)))]
pub(crate) async fn change_colleague(
    Id(id): Id<DeveloperId>,
    command: Command<ColleagueChange>,
) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let seat = work.acting().seat()?;
    developers::get_of(work.tx(), seat.customer_id, id).await?;
    let developer = developers::set_role(work.tx(), id, change.role).await?;
    work.done(&developer, Effects::default()).await
}
