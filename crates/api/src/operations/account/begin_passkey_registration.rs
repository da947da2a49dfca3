//! `POST /account/passkey-challenges`

use axum::response::Response;
use gatewright_identity::second_factors::ceremonies::Challenge;
use gatewright_identity::second_factors::passkeys;
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::factors::relying_party;
use crate::visitor::Visitor;
use crate::work::{Command, Nothing};

/// Ask for another passkey, for `POST /account/passkeys`. A challenge works once, for five minutes.
#[utoipa::path(post, path = "/account/passkey-challenges", tag = "Account", responses((status = 201, description = "The challenge, to create a passkey", body = Challenge)))]
pub(crate) async fn begin_passkey_registration(
    visitor: Visitor,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let party = relying_party(&visitor)?;
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    let challenge = passkeys::begin_registration(work.tx(), &party, person_id).await?;
    work.created(&challenge, Effects::default()).await
}
