//! `PATCH /account`

use axum::response::Response;
use gatewright_identity::model::Person;
use gatewright_identity::people;
use gatewright_native::nodes::Effects;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

/// What to change of one's account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AccountChange {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Change one's own name.
#[utoipa::path(patch, path = "/account", tag = "Account", request_body = AccountChange, responses((status = 200, description = "The person", body = Person)))]
pub(crate) async fn change_account(command: Command<AccountChange>) -> Result<Response, ApiError> {
    let (mut work, change) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let person = people::rename(work.tx(), person_id, &change.name).await?;
    work.done(&person, Effects::default()).await
}
