//! `DELETE /account/sessions/{id}`

use axum::response::Response;
use gatewright_identity::sessions::{self, Ending};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::SessionId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// End one session; it can do nothing from the answer on.
#[utoipa::path(delete, path = "/account/sessions/{id}", tag = "Account", params(("id" = SessionId, Path)), responses((status = 204, description = "Ended")))]
pub(crate) async fn revoke_session(Id(id): Id<SessionId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    sessions::revoke(work.tx(), person_id, id, Ending::Revoked).await?;
    work.deleted(Effects::default()).await
}
