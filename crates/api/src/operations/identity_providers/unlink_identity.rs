//! `DELETE /account/identities/{providerId}`

use axum::response::Response;
use gatewright_identity::providers::identities;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::IdentityProviderId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::work::{Command, Nothing};

/// Sign in by an account elsewhere no more. Refused where it is the last way to sign in.
#[utoipa::path(delete, path = "/account/identities/{providerId}", tag = "Account", params(("providerId" = IdentityProviderId, Path)), responses((status = 204, description = "Unlinked")))]
pub(crate) async fn unlink_identity(
    Id(provider_id): Id<IdentityProviderId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let (mut work, _) = command.begin().await?;
    let (person_id, _) = work.acting().me()?;
    identities::unlink(work.tx(), person_id, provider_id).await?;
    work.deleted(Effects::default()).await
}
