//! `DELETE /account`

use axum::response::Response;
use gatewright_identity::account;
use gatewright_native::nodes::Effects;

use crate::cookies::clear_session;
use crate::error::ApiError;
use crate::visitor::Visitor;
use crate::work::{Command, Nothing};

/// Delete one's own account with everything that one signs in with. `GET /account/export` first, to keep a copy.
///
/// The last owner of a tenant stays, and so does the last owner of a customer that has other developers or subscriptions
/// that run.
#[utoipa::path(delete, path = "/account", tag = "Account", responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_account(visitor: Visitor, command: Command<Nothing>) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    account::delete(work.tx(), person_id).await?;
    let mut response = work.deleted(Effects::default()).await?;
    clear_session(response.headers_mut(), visitor.secure);
    Ok(response)
}
