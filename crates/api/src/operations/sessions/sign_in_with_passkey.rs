//! `POST /sessions/passkey`

use axum::response::Response;
use gatewright_identity::second_factors::passkeys;
use gatewright_types::ids::PasskeyCeremonyId;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::error::ApiError;
use crate::factors::relying_party;
use crate::visitor::Asked;

/// Whoever has a passkey here.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeySignIn {
    /// Which challenge the passkey answers.
    ceremony_id: PasskeyCeremonyId,
    /// The credential, as `PublicKeyCredential.toJSON()` gives it.
    #[schema(value_type = Object)]
    credential: Value,
    /// How they get what they need from now on.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in with a passkey alone: it replaces password and second factor.
#[utoipa::path(post, path = "/sessions/passkey", tag = "Sign-in", request_body = PasskeySignIn, responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(crate) async fn sign_in_with_passkey(asked: Asked<PasskeySignIn>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let party = relying_party(&visitor)?;
    let came = passkeys::sign_in(&visitor.visit, &party, body.ceremony_id, &body.credential).await;
    let came = visitor.noting_refusal("sign_in_with_passkey", came).await?;
    Ok(answer::signed_in(
        &visitor,
        body.delivery,
        StatusCode::CREATED,
        came,
        None,
    ))
}
