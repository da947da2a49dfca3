//! `POST /sessions`

use axum::response::Response;
use gatewright_identity::sign_in;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::error::ApiError;
use crate::visitor::Asked;

/// Who says who they are.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasswordSignIn {
    /// Their mail address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Their password.
    #[schema(value_type = String)]
    password: SecretString,
    /// How they get what they need from now on.
    #[serde(default)]
    delivery: Delivery,
}

/// Sign in with mail address and password.
///
/// Whoever has a second factor is asked for it next: `POST /sessions/second-factor`.
#[utoipa::path(post, path = "/sessions", tag = "Sign-in", request_body = PasswordSignIn, responses((status = 201, description = "Signed in, or a second factor is owed", body = SignInAnswer)))]
pub(crate) async fn create_session(asked: Asked<PasswordSignIn>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let hasher = visitor.state.hasher();
    let came = sign_in::by_password(&visitor.visit, hasher, &body.email, &body.password).await;
    let came = visitor.noting_refusal("create_session", came).await?;
    Ok(answer::signed_in(
        &visitor,
        body.delivery,
        StatusCode::CREATED,
        came,
        None,
    ))
}
