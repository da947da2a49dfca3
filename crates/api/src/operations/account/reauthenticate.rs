//! `POST /account/reauthentications`

use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_identity::model::Method;
use gatewright_identity::second_factors::ceremonies::Kind;
use gatewright_identity::second_factors::{self, Shown};
use gatewright_identity::throttle::{self, REAUTHENTICATE};
use gatewright_identity::{IdentityError, people, sessions};
use gatewright_native::nodes::Effects;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::factors::{PasskeyAnswer, relying_party, shown};
use crate::visitor::Visitor;
use crate::work::Command;

/// What shows once more who somebody is: exactly one of these.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reauthentication {
    /// Their password.
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// What the authenticator shows.
    #[schema(value_type = Option<String>, example = "492039")]
    code: Option<SecretString>,
    /// What a passkey answered to the challenge of `POST /account/reauthentications/passkey-challenges`.
    passkey: Option<PasskeyAnswer>,
}

enum Proof<'a> {
    Password(&'a SecretString),
    Factor(&'a Shown<'a>),
}

/// Since when it is known again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reauthenticated {
    /// For the next 15 minutes, what reveals, rotates and deletes is open.
    authenticated_at: DateTime<Utc>,
}

/// Show once more who one is, as some operations ask.
#[utoipa::path(post, path = "/account/reauthentications", tag = "Account", request_body = Reauthentication, responses((status = 200, description = "Known again", body = Reauthenticated)))]
pub(crate) async fn reauthenticate(visitor: Visitor, command: Command<Reauthentication>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let (person_id, session_id) = acting.me()?;
    let body = command.body().clone();
    let party = body.passkey.as_ref().map(|_| relying_party(&visitor)).transpose()?;
    let factor = shown(body.code.as_ref(), None, body.passkey.as_ref().zip(party.as_ref()));
    let proof = match (&body.password, &factor) {
        (Some(password), None) if body.code.is_none() && body.passkey.is_none() => Proof::Password(password),
        (None, Some(factor)) => Proof::Factor(factor),
        _ => return Err(CatalogError::invalid("", "expected one of password, code and passkey").into()),
    };
    // Counted, and a challenge gone, whatever comes of it.
    let mut tx = acting.begin().await?;
    let counted = throttle::count(&mut tx, REAUTHENTICATE, &person_id.to_string()).await;
    let counted = match (counted, &proof) {
        (Ok(()), Proof::Factor(factor)) => second_factors::count(&mut tx, person_id, factor).await.map(Some),
        (counted, _) => counted.map(|()| None),
    };
    let hash = people::password_hash(&mut tx, person_id).await?;
    tx.commit().await?;
    let counted = counted?;
    if let Proof::Password(password) = &proof
        && !acting.state().hasher().verify(hash.as_deref(), password).await?
    {
        return Err(IdentityError::SignInFailed.into());
    }
    let (mut work, _) = command.begin().await?;
    let method = match counted {
        Some(counted) => second_factors::check(work.tx(), person_id, counted, Kind::Reauthentication).await?,
        None => Method::Password,
    };
    throttle::forgive(work.tx(), REAUTHENTICATE, &person_id.to_string()).await?;
    sessions::authenticated_again(work.tx(), (person_id, session_id), method).await?;
    let answered = Reauthenticated {
        authenticated_at: work.tx().now(),
    };
    work.done(&answered, Effects::default()).await
}
