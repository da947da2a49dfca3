//! `POST /sessions/second-factor`

use axum::response::Response;
use gatewright_catalog::CatalogError;
use gatewright_identity::model::Method;
use gatewright_identity::second_factors::{self, Tried};
use gatewright_identity::sign_in::SignedIn;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::cookies::Cookie;
use crate::error::ApiError;
use crate::factors::{PasskeyAnswer, relying_party, shown};
use crate::letters::{self, Letter, Notice};
use crate::visitor::{Asked, Visitor};

/// A second factor: exactly one of `code`, `recoveryCode` and `passkey`.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// What the authenticator shows.
    #[schema(value_type = Option<String>, example = "492039")]
    code: Option<SecretString>,
    /// One of the recovery codes, in any case, with or without hyphens.
    #[schema(value_type = Option<String>, example = "9k2m-4rtw-0hxc-71pv")]
    recovery_code: Option<SecretString>,
    /// What a passkey answered to the challenge of `POST /sessions/passkey-challenges`.
    passkey: Option<PasskeyAnswer>,
    /// What the first factor was answered with, where it was not a cookie.
    #[schema(value_type = Option<String>, example = "gwp_…")]
    pending_token: Option<SecretString>,
    /// How they get what they need from now on.
    #[serde(default)]
    delivery: Delivery,
}

/// Complete a sign-in by its second factor.
///
/// After five wrong ones the sign-in is over and begins with the password again. A code, and every earlier one, is worth
/// nothing once it was taken.
#[utoipa::path(post, path = "/sessions/second-factor", tag = "Sign-in", request_body = SecondFactor, responses((status = 201, description = "Signed in", body = SignInAnswer)))]
pub(crate) async fn complete_second_factor(asked: Asked<SecondFactor>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let party = body.passkey.as_ref().map(|_| relying_party(&visitor)).transpose()?;
    let passkey = body.passkey.as_ref().zip(party.as_ref());
    let shown = shown(body.code.as_ref(), body.recovery_code.as_ref(), passkey);
    let shown = shown.ok_or_else(|| CatalogError::invalid("", "expected one of code, recoveryCode and passkey"))?;
    let pending = pending(&visitor, body.pending_token.as_ref());
    let tried = second_factors::try_to_complete(&visitor.visit, pending, &shown).await;
    let tried = visitor.noting_refusal("complete_second_factor", tried).await?;
    let came = complete(&visitor, tried).await?;
    Ok(answer::signed_in(
        &visitor,
        body.delivery,
        StatusCode::CREATED,
        came,
        None,
    ))
}

async fn complete(visitor: &Visitor, tried: Tried<'_>) -> Result<SignedIn, ApiError> {
    let person_id = tried.person_id();
    let mut tx = visitor.visit.begin_for(person_id).await?;
    let completed = second_factors::complete(&mut tx, &visitor.visit, tried).await;
    let (came, method) = match completed {
        Ok(completed) => completed,
        Err(error) => {
            tx.close().await?;
            return visitor.noting_refusal("complete_second_factor", Err(error)).await;
        }
    };
    if method == Method::RecoveryCode {
        let notice = Letter::Notice {
            person_id,
            what: Notice::RecoveryCodeUsed,
            to: None,
        };
        letters::send(&mut tx, notice).await?;
    }
    tx.commit().await?;
    Ok(came)
}

/// What stands for the first factor: said, or kept as a cookie. Without it the answer is the same as with a wrong one.
pub(super) fn pending<'a>(visitor: &'a Visitor, said: Option<&'a SecretString>) -> &'a str {
    let kept = || visitor.cookie(Cookie::Pending);
    said.map(ExposeSecret::expose_secret).or_else(kept).unwrap_or_default()
}
