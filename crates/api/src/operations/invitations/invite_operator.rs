//! `POST /operators/{id}/invitations`

use axum::response::Response;
use gatewright_identity::invitations;
use gatewright_identity::model::Invitation;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::OperatorId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::letters::{self, Letter};
use crate::work::{Command, Nothing};

/// Invite an operator to sign in: a mail goes to its address, and leads to a password or a passkey of their own.
///
/// You need every permission of its role. A newer invitation takes the place of one that waits.
#[utoipa::path(post, path = "/operators/{id}/invitations", tag = "Operators", params(("id" = OperatorId, Path)), responses((status = 201, description = "The invitation", body = Invitation)))]
pub(crate) async fn invite_operator(Id(id): Id<OperatorId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let by = work.granter();
    let invited_by = work.own_name().await?;
    let invitation = invitations::invite_operator(work.tx(), by, id, &invited_by).await?;
    let letter = Letter::Invitation {
        invitation_id: invitation.id,
    };
    letters::send(work.tx(), letter).await?;
    work.created(&invitation, Effects::default()).await
}
