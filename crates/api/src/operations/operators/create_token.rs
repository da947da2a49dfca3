//! `POST /operators/{id}/tokens`

use axum::response::Response;
use gatewright_identity::model::Token;
use gatewright_identity::tokens::{self, NewToken};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::OperatorId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::Revealing;
use crate::work::Command;

/// A token with its secret, which no later answer shows again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevealedToken {
    #[serde(flatten)]
    token: Token,
    /// The token itself. Shown now and never again; missing in the repeated answer to an `Idempotency-Key`.
    #[schema(value_type = Option<String>, example = "gwo_…")]
    secret: Revealing,
}

/// Make a token for an operator, yourself or another; the answer reveals it, once.
///
/// It allows what both its scopes and the operator's role have, and nothing that you may not do.
#[utoipa::path(post, path = "/operators/{id}/tokens", tag = "Operators", params(("id" = OperatorId, Path)), request_body = NewToken, responses((status = 201, description = "The token", body = RevealedToken)))]
pub(crate) async fn create_token(Id(id): Id<OperatorId>, command: Command<NewToken>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let by = work.granter();
    let (token, secret) = tokens::create(work.tx(), by, id, new).await?;
    let revealed = RevealedToken {
        token,
        secret: Revealing::new(secret),
    };
    work.created(&revealed, Effects::default()).await
}
