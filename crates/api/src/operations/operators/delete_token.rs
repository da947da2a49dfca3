//! `DELETE /operators/{id}/tokens/{tokenId}`

use axum::response::Response;
use gatewright_identity::tokens;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::{OperatorId, TokenId};

use crate::error::ApiError;
use crate::extract::Ids;
use crate::work::{Command, Nothing};

/// Withdraw a token. The next request that shows it is 401 `token-revoked`.
#[utoipa::path(delete, path = "/operators/{id}/tokens/{tokenId}", tag = "Operators", params(("id" = OperatorId, Path), ("tokenId" = TokenId, Path)), responses((status = 204, description = "Withdrawn")))]
pub(crate) async fn delete_token(
    Ids(operator_id, id): Ids<OperatorId, TokenId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    tokens::revoke(work.tx(), operator_id, id).await?;
    work.deleted(Effects::default()).await
}
