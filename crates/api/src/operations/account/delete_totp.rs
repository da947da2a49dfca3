//! `DELETE /account/totp`

use axum::response::Response;
use gatewright_identity::second_factors::totp;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::letters::{self, Letter, Notice};
use crate::work::{Command, Nothing};

/// Take the authenticator away. Recovery codes go with the last second factor.
#[utoipa::path(delete, path = "/account/totp", tag = "Account", responses((status = 204, description = "Gone")))]
pub(crate) async fn delete_totp(command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    if totp::delete(work.tx(), person_id).await? {
        let notice = Letter::Notice {
            person_id,
            what: Notice::FactorRemoved,
            to: None,
        };
        letters::send(work.tx(), notice).await?;
    }
    work.deleted(Effects::default()).await
}
