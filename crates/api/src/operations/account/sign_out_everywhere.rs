//! `POST /account/sign-out-everywhere`

use axum::response::Response;
use gatewright_identity::sessions::{self, Ending};
use gatewright_native::nodes::Effects;

use crate::cookies::clear_session;
use crate::error::ApiError;
use crate::visitor::Visitor;
use crate::work::{Command, Nothing};

/// Sign out everywhere: every session ends, this one as well.
#[utoipa::path(post, path = "/account/sign-out-everywhere", tag = "Account", responses((status = 204, description = "Signed out")))]
pub(crate) async fn sign_out_everywhere(visitor: Visitor, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    sessions::revoke_all(work.tx(), person_id, None, Ending::SignedOut).await?;
    let mut response = work.deleted(Effects::default()).await?;
    clear_session(response.headers_mut(), visitor.secure);
    Ok(response)
}
