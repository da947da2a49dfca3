//! `POST /account/recovery-codes`

use axum::response::Response;
use gatewright_identity::second_factors::recovery_codes;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::factors::RecoveryCodes;
use crate::work::{Command, Nothing};

/// Make new recovery codes; none of the old ones works any more.
#[utoipa::path(post, path = "/account/recovery-codes", tag = "Account", responses((status = 201, description = "The codes, once", body = RecoveryCodes)))]
pub(crate) async fn replace_recovery_codes(command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let codes = recovery_codes::replace(work.tx(), person_id).await?;
    work.created(&RecoveryCodes::new(Some(codes)), Effects::default()).await
}
