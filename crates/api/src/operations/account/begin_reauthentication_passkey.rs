//! `POST /account/reauthentications/passkey-challenges`

use axum::response::Response;
use gatewright_identity::second_factors::ceremonies::{Challenge, Kind};
use gatewright_identity::second_factors::passkeys;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::factors::relying_party;
use crate::visitor::Visitor;
use crate::work::{Command, Nothing};

/// Ask for one of one's own passkeys, for `passkey` of `POST /account/reauthentications`.
#[utoipa::path(post, path = "/account/reauthentications/passkey-challenges", tag = "Account", responses((status = 201, description = "The challenge", body = Challenge)))]
pub(crate) async fn begin_reauthentication_passkey(
    visitor: Visitor,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let party = relying_party(&visitor)?;
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let challenge = passkeys::begin_for(work.tx(), &party, person_id, Kind::Reauthentication).await?;
    work.created(&challenge, Effects::default()).await
}
