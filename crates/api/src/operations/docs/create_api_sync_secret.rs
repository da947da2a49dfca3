//! `POST /docs/api-specs/{id}/sync-secret`

use axum::response::Response;
use gatewright_native::nodes::Effects;
use gatewright_portal::specs::sync;
use gatewright_types::ids::ApiSpecId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::RevealedSpec;
use crate::work::{Command, Nothing};

/// Make the secret with which a program says that an API description's source has changed; the answer reveals it, once. An
/// earlier one ends.
#[utoipa::path(post, path = "/docs/api-specs/{id}/sync-secret", tag = "Docs", params(("id" = ApiSpecId, Path)), responses((status = 200, description = "The description and the secret", body = RevealedSpec)))]
pub(crate) async fn create_api_sync_secret(
    Id(id): Id<ApiSpecId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let made = sync::make_secret(work.tx(), id).await?;
    work.done(&RevealedSpec::from(made), Effects::default()).await
}
