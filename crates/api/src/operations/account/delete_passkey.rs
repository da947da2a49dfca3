//! `DELETE /account/passkeys/{id}`

use axum::response::Response;
use gatewright_identity::second_factors::passkeys;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::PasskeyId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::letters::{self, Letter, Notice};
use crate::work::{Command, Nothing};

/// Take a passkey away. Recovery codes go with the last second factor.
///
/// 409 where nothing else is left to sign in with.
#[utoipa::path(delete, path = "/account/passkeys/{id}", tag = "Account", params(("id" = PasskeyId, Path)), responses((status = 204, description = "Gone")))]
pub(crate) async fn delete_passkey(Id(id): Id<PasskeyId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    passkeys::delete(work.tx(), person_id, id).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::FactorRemoved,
        to: None,
    };
    letters::send(work.tx(), notice).await?;
    work.deleted(Effects::default()).await
}
