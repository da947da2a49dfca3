//! `POST /account/passkeys`

use axum::response::Response;
use gatewright_identity::second_factors::ceremonies;
use gatewright_identity::second_factors::passkeys::{self, Passkey};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::PasskeyCeremonyId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::factors::{RecoveryCodes, relying_party};
use crate::letters::{self, Letter, Notice};
use crate::visitor::Visitor;
use crate::work::Command;

/// A passkey to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// Which challenge it answers.
    ceremony_id: PasskeyCeremonyId,
    /// The credential, as `PublicKeyCredential.toJSON()` gives it.
    #[schema(value_type = Object)]
    credential: Value,
    /// What to call it.
    #[schema(min_length = 1, max_length = 200, example = "Phone")]
    name: String,
}

/// A passkey that was added.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddedPasskey {
    #[serde(flatten)]
    passkey: Passkey,
    #[serde(flatten)]
    codes: RecoveryCodes,
}

/// Add a passkey. It signs in alone, and completes a sign-in with the password.
#[utoipa::path(post, path = "/account/passkeys", tag = "Account", request_body = NewPasskey, responses((status = 201, description = "Added; recovery codes, once, if there were none", body = AddedPasskey)))]
pub(crate) async fn add_passkey(visitor: Visitor, command: Command<NewPasskey>) -> Result<Response, ApiError> {
    let party = relying_party(&visitor)?;
    let acting = command.acting().clone();
    let (person_id, _) = acting.me()?;
    // Gone from here on, whatever comes of it.
    let mut tx = acting.begin().await?;
    let ceremony = ceremonies::take(&mut tx, command.body().ceremony_id).await?;
    tx.commit().await?;

    let (mut work, body) = command.begin().await?;
    let answer = (ceremony, &body.credential);
    let added = passkeys::add(work.tx(), &party, person_id, answer, &body.name).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::FactorAdded,
        to: None,
    };
    letters::send(work.tx(), notice).await?;
    let answered = AddedPasskey {
        passkey: added.passkey,
        codes: RecoveryCodes::new(added.recovery_codes),
    };
    work.created(&answered, Effects::default()).await
}
