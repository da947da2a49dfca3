//! `PATCH /developers/{id}`

use axum::response::Response;
use gatewright_identity::developers;
use gatewright_identity::model::{Developer, DeveloperState};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::DeveloperId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::letters::{self, Letter, Notice};
use crate::work::Command;

/// What to change of a developer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeveloperChange {
    /// ACTIVE lets them in, SUSPENDED keeps them from acting for their customer. Keys are not touched.
    state: DeveloperState,
}

/// Let a developer in who waits for it, suspend them, or let them act again. Whoever is let in gets a mail.
#[utoipa::path(patch, path = "/developers/{id}", tag = "People", params(("id" = DeveloperId, Path)), request_body = DeveloperChange, responses((status = 200, description = "The developer", body = Developer)))]
pub(crate) async fn change_developer(
    Id(id): Id<DeveloperId>,
    command: Command<DeveloperChange>,
) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let before = developers::get(work.tx(), id).await?;
    let developer = developers::set_state(work.tx(), id, change.state).await?;
    if before.state == DeveloperState::Pending && developer.state == DeveloperState::Active {
        let notice = Letter::Notice {
            person_id: developer.person_id,
            what: Notice::LetIn,
            to: None,
        };
        letters::send(work.tx(), notice).await?;
    }
    work.done(&developer, Effects::default()).await
}
