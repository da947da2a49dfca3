//! `POST /invitations/accept`

use axum::response::Response;
use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_identity::invitations::{self, NewAccess};
use gatewright_identity::model::{Invitation, Method};
use gatewright_identity::second_factors::{Ceremony, ceremonies, passkeys};
use gatewright_identity::sign_in;
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::error::ApiError;
use crate::factors::{PasskeyAnswer, relying_party};
use crate::visitor::{Asked, Visitor};
use crate::work::respond;

/// Whoever accepts.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Acceptance {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
    /// Their name; needed where the address has no account.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// At least 10 characters, and none that everybody tries first. Where the address has no account, this or `passkey`.
    #[schema(value_type = Option<String>, min_length = 10, max_length = 256)]
    password: Option<SecretString>,
    /// What a passkey answered to the challenge of `POST /invitations/passkey-challenges`.
    passkey: Option<PasskeyAnswer>,
    /// How whoever is signed in gets what they need.
    #[serde(default)]
    delivery: Delivery,
}

/// Accept an invitation.
///
/// Whoever had no account chooses a password or a passkey, and is signed in. An account that is there gets what it was
/// invited to: `{"status": "ACCEPTED"}`, and signs in as always.
#[utoipa::path(post, path = "/invitations/accept", tag = "Sign-in", request_body = Acceptance, responses((status = 200, description = "Signed in, or ACCEPTED", body = SignInAnswer)))]
pub(crate) async fn accept_invitation(asked: Asked<Acceptance>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;
    let ceremony = match &body.passkey {
        Some(answer) => {
            // Gone from here on, whatever comes of it.
            let mut tx = visit.begin().await?;
            let ceremony = ceremonies::take(&mut tx, answer.ceremony_id).await?;
            tx.commit().await?;
            ceremony
        }
        None => None,
    };

    let mut tx = visit.begin().await?;
    let (invitation, has_account) = invitations::look_up(&mut tx, &body.token).await?;
    tx.close().await?;
    let access = if has_account {
        NewAccess::default()
    } else {
        access(&visitor, &body, &invitation, ceremony).await?
    };
    let methods: &[Method] = match access.passkey {
        Some(_) => &[Method::Mail, Method::Passkey],
        None => &[Method::Mail],
    };
    let mut tx = visit.begin().await?;
    let name = body.name.as_deref().unwrap_or_default();
    let accepted = invitations::accept(&mut tx, &body.token, name, access).await?;
    if !accepted.is_new {
        tx.commit().await?;
        return Ok(respond(StatusCode::OK, &json!({ "status": "ACCEPTED" })));
    }
    let came = sign_in::admit(&mut tx, visit, accepted.person_id, methods).await?;
    tx.commit().await?;
    let codes = accepted.recovery_codes;
    Ok(answer::signed_in_first(&visitor, body.delivery, came, codes))
}

/// What somebody new signs in with from now on.
async fn access(
    visitor: &Visitor,
    body: &Acceptance,
    invitation: &Invitation,
    ceremony: Option<Ceremony>,
) -> Result<NewAccess, ApiError> {
    let name = body.name.as_deref().unwrap_or_default();
    let mut checks = Checks::default();
    checks.name("/name", name);
    match (&body.password, &body.passkey) {
        (Some(password), None) => {
            let hasher = visitor.state.hasher();
            let own = [invitation.email.as_str(), name];
            hasher.check(&mut checks, "/password", password, &own).await;
            checks.done()?;
            Ok(NewAccess {
                password_hash: Some(hasher.hash(visitor.visit.database.rng(), password).await?),
                passkey: None,
            })
        }
        (None, Some(shown)) => {
            checks.done()?;
            let shown = (ceremony, &shown.credential);
            let device = visitor.visit.device.name();
            let first = passkeys::judge_first(&relying_party(visitor)?, invitation.id, shown, &device)?;
            Ok(NewAccess {
                password_hash: None,
                passkey: Some(first),
            })
        }
        _ => Err(CatalogError::invalid("/password", "choose one, or send a passkey instead").into()),
    }
}
