//! `DELETE /invitations/{id}`

use axum::response::Response;
use gatewright_identity::invitations;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::InvitationId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Withdraw an invitation to be an operator; its mail leads nowhere any more.
#[utoipa::path(delete, path = "/invitations/{id}", tag = "Operators", params(("id" = InvitationId, Path)), responses((status = 204, description = "Withdrawn")))]
pub(crate) async fn withdraw_invitation(
    Id(id): Id<InvitationId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    invitations::withdraw(work.tx(), None, id).await?;
    work.deleted(Effects::default()).await
}
