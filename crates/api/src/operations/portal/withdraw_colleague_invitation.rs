//! `DELETE /portal/invitations/{id}`

use axum::response::Response;
use gatewright_identity::invitations;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::InvitationId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Withdraw an invitation to one's customer; its mail leads nowhere any more.
#[utoipa::path(delete, path = "/portal/invitations/{id}", tag = "Portal", params(("id" = InvitationId, Path)), responses((status = 204, description = "Withdrawn")))]
pub(crate) async fn withdraw_colleague_invitation(
    Id(id): Id<InvitationId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let seat = work.acting().seat()?;
    invitations::withdraw(work.tx(), Some(seat.customer_id), id).await?;
    work.deleted(Effects::default()).await
}
