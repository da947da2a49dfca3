//! `PATCH /account/passkeys/{id}`

use axum::response::Response;
use gatewright_identity::second_factors::passkeys::{self, Passkey};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::PasskeyId;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::Command;

/// Another name for a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeyName {
    /// What to call it.
    #[schema(min_length = 1, max_length = 200, example = "Phone")]
    name: String,
}

/// Give a passkey another name.
#[utoipa::path(patch, path = "/account/passkeys/{id}", tag = "Account", params(("id" = PasskeyId, Path)), request_body = PasskeyName, responses((status = 200, description = "Renamed", body = Passkey)))]
pub(crate) async fn rename_passkey(Id(id): Id<PasskeyId>, command: Command<PasskeyName>) -> Result<Response, ApiError> {
    let (mut work, body) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let passkey = passkeys::rename(work.tx(), person_id, id, &body.name).await?;
    work.done(&passkey, Effects::default()).await
}
