//! `POST /invitations/accept`

use axum::response::Response;
use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_identity::model::Method;
use gatewright_identity::throttle::{self, CODE_BY_ADDRESS};
use gatewright_identity::{invitations, sign_in};
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::answer::{self, Delivery, SignInAnswer};
use crate::error::ApiError;
use crate::visitor::Asked;
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
    /// At least 10 characters, and none that everybody tries first; needed where the address has no account.
    #[schema(value_type = Option<String>, min_length = 10, max_length = 256)]
    password: Option<SecretString>,
    /// How whoever is signed in gets what they need.
    #[serde(default)]
    delivery: Delivery,
}

/// Accept an invitation.
///
/// Whoever had no account is signed in. An account that is there gets what it was invited to: `{"status": "ACCEPTED"}`, and
/// signs in as always.
#[utoipa::path(post, path = "/invitations/accept", tag = "Sign-in", request_body = Acceptance, responses((status = 200, description = "Signed in, or ACCEPTED", body = SignInAnswer)))]
pub(crate) async fn accept_invitation(asked: Asked<Acceptance>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    answer::check(&visitor, body.delivery)?;
    let (visit, hasher) = (&visitor.visit, visitor.state.hasher());
    let mut tx = visit.begin().await?;
    let counted = throttle::count(&mut tx, CODE_BY_ADDRESS, &throttle::address(visit.device.address)).await;
    tx.commit().await?;
    counted?;

    let mut tx = visit.begin().await?;
    let (invitation, has_account) = invitations::look_up(&mut tx, &body.token).await?;
    tx.close().await?;
    let name = body.name.unwrap_or_default();
    let mut password_hash = None;
    if !has_account {
        let mut checks = Checks::default();
        checks.name("/name", &name);
        let password = body
            .password
            .ok_or_else(|| CatalogError::invalid("/password", "choose one"))?;
        hasher
            .check(&mut checks, "/password", &password, &[&invitation.email, &name])
            .await;
        checks.done()?;
        password_hash = Some(hasher.hash(visit.database.rng(), &password).await?);
    }
    let mut tx = visit.begin().await?;
    let accepted = invitations::accept(&mut tx, &body.token, &name, password_hash).await?;
    if !accepted.is_new {
        tx.commit().await?;
        return Ok(respond(StatusCode::OK, &json!({ "status": "ACCEPTED" })));
    }
    let came = sign_in::admit(&mut tx, visit, accepted.person_id, &[Method::Mail]).await?;
    tx.commit().await?;
    Ok(answer::signed_in(&visitor, body.delivery, StatusCode::OK, came, None))
}
