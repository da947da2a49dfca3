//! `POST /portal/invitations`

use axum::response::Response;
use gatewright_catalog::check::Checks;
use gatewright_identity::invitations;
use gatewright_identity::model::{DeveloperRole, Invitation};
use gatewright_identity::throttle::MAIL_TO_ADDRESS;
use gatewright_native::nodes::Effects;
use gatewright_notify::mail::is_address;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter};
use crate::work::Command;

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ColleagueInvitation {
    /// Their mail address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
    /// What they are to be.
    role: DeveloperRole,
}

/// Invite a colleague to one's customer: a mail goes to them. A newer invitation takes the place of one that waits.
#[utoipa::path(post, path = "/portal/invitations", tag = "Portal", request_body = ColleagueInvitation, responses((status = 201, description = "The invitation", body = Invitation)))]
pub(crate) async fn invite_colleague(command: Command<ColleagueInvitation>) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    let email = command.body().email.clone();
    checks.require(
        is_address(&email),
        "/email",
        "expected a mail address like ada@example.com",
    );
    checks.done()?;
    let acting = command.acting().clone();
    let seat = acting.seat()?;
    acting.count(MAIL_TO_ADDRESS, &email).await?;
    let (mut work, new) = command.begin().await?;
    let invited_by = work.own_name().await?;
    let whom = (email.as_str(), new.role);
    let invitation = invitations::invite_developer(work.tx(), seat.customer_id, whom, &invited_by).await?;
    let letter = Letter::Invitation {
        invitation_id: invitation.id,
    };
    letters::send(work.tx(), letter).await?;
    work.created(&invitation, Effects::default()).await
}
