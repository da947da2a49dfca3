//! `POST /sessions/sign-out`

use axum::response::Response;
use gatewright_identity::sessions::{self, Ending};
use gatewright_native::nodes::Effects;

use crate::cookies::clear_session;
use crate::error::ApiError;
use crate::visitor::Visitor;
use crate::work::{Command, Nothing};

/// Sign out: this session ends.
#[utoipa::path(post, path = "/sessions/sign-out", tag = "Sign-in", responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out(visitor: Visitor, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, session_id) = work.acting().me()?;
    sessions::revoke(work.tx(), person_id, session_id, Ending::SignedOut).await?;
    let mut response = work.deleted(Effects::default()).await?;
    clear_session(response.headers_mut(), visitor.secure);
    Ok(response)
}
