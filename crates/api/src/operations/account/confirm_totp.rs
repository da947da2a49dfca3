//! `POST /account/totp/confirm`

use axum::response::Response;
use gatewright_identity::second_factors::totp;
use gatewright_identity::throttle::{self, REAUTHENTICATE};
use gatewright_native::nodes::Effects;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::factors::RecoveryCodes;
use crate::letters::{self, Letter, Notice};
use crate::work::Command;

/// The first code of a new authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FirstCode {
    /// What it shows.
    #[schema(value_type = String, example = "492039")]
    code: SecretString,
}

/// Confirm an authenticator by its first code. From now on whoever signs in with the password is asked for one.
#[utoipa::path(post, path = "/account/totp/confirm", tag = "Account", request_body = FirstCode, responses((status = 200, description = "Confirmed; recovery codes, once, if there were none", body = RecoveryCodes)))]
pub(crate) async fn confirm_totp(command: Command<FirstCode>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let (person_id, _) = acting.me()?;
    acting.count(REAUTHENTICATE, &person_id.to_string()).await?;

    let (mut work, body) = command.begin().await?;
    let codes = totp::confirm(work.tx(), person_id, body.code.expose_secret()).await?;
    throttle::forgive(work.tx(), REAUTHENTICATE, &person_id.to_string()).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::FactorAdded,
        to: None,
    };
    letters::send(work.tx(), notice).await?;
    work.done(&RecoveryCodes::new(codes), Effects::default()).await
}
