//! `POST /invitations/passkey-challenges`

use axum::response::Response;
use gatewright_identity::invitations;
use gatewright_identity::second_factors::ceremonies::Challenge;
use gatewright_identity::second_factors::passkeys;
use gatewright_identity::throttle::{BEGUN_BY_ADDRESS, CODE_BY_ADDRESS};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::factors::relying_party;
use crate::visitor::Asked;
use crate::work::respond;

/// Whoever is about to accept an invitation with a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InvitationPasskeyQuestion {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
    /// Their name, which the passkey is kept under.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Ask for a passkey in the place of a password, for `passkey` of `POST /invitations/accept`.
///
/// 409 where the address has an account: it signs in as always.
#[utoipa::path(post, path = "/invitations/passkey-challenges", tag = "Sign-in", request_body = InvitationPasskeyQuestion, responses((status = 201, description = "The challenge, to create a passkey", body = Challenge)))]
pub(crate) async fn begin_invitation_passkey(asked: Asked<InvitationPasskeyQuestion>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    let party = relying_party(&visitor)?;
    let visit = &visitor.visit;
    let address = visit.address();
    visit
        .count(&[(CODE_BY_ADDRESS, &address), (BEGUN_BY_ADDRESS, &address)])
        .await?;

    let mut tx = visit.begin().await?;
    let (invitation, has_account) = invitations::look_up(&mut tx, &body.token).await?;
    let asked = (invitation.id, invitation.email.as_str());
    let challenge = passkeys::begin_for_invitation(&mut tx, &party, asked, &body.name, has_account).await?;
    tx.commit().await?;
    Ok(respond(StatusCode::CREATED, &serde_json::json!(challenge)))
}
