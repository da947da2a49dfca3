//! `POST /sessions/passkey-challenges`

use axum::response::Response;
use gatewright_identity::IdentityError;
use gatewright_identity::second_factors::ceremonies::{Challenge, Kind};
use gatewright_identity::second_factors::passkeys;
use gatewright_identity::sign_in;
use gatewright_identity::throttle::BEGUN_BY_ADDRESS;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::complete_second_factor::pending;
use crate::error::ApiError;
use crate::factors::relying_party;
use crate::visitor::Asked;
use crate::work::respond;

/// Who is asked for a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeyQuestion {
    /// What the first factor was answered with, where it was not a cookie.
    #[schema(value_type = Option<String>, example = "gwp_…")]
    pending_token: Option<SecretString>,
}

/// Ask for a passkey.
///
/// Whoever owes a second factor is asked for one of theirs, and goes on with `POST /sessions/second-factor`. Else it is for
/// whoever has a passkey here, and the answer goes to `POST /sessions/passkey`. A challenge works once, for five minutes.
#[utoipa::path(post, path = "/sessions/passkey-challenges", tag = "Sign-in", request_body = PasskeyQuestion, responses((status = 201, description = "The challenge", body = Challenge)))]
pub(crate) async fn begin_passkey_sign_in(asked: Asked<PasskeyQuestion>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    let party = relying_party(&visitor)?;
    let visit = &visitor.visit;
    visit.count(&[(BEGUN_BY_ADDRESS, &visit.address())]).await?;

    let mut tx = visit.begin().await?;
    let owing = sign_in::look_at_owing(&mut tx, pending(&visitor, body.pending_token.as_ref())).await;
    let challenge = match (owing, body.pending_token) {
        (Ok(person_id), _) => passkeys::begin_for(&mut tx, &party, person_id, Kind::SecondFactor).await?,
        // An old cookie says nothing about what somebody wants now.
        (Err(IdentityError::CodeInvalid), None) => passkeys::begin_sign_in(&mut tx, &party).await?,
        (Err(error), _) => return Err(error.into()),
    };
    tx.commit().await?;
    Ok(respond(StatusCode::CREATED, &serde_json::json!(challenge)))
}
