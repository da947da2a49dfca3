//! `DELETE /identity-providers/{id}`

use axum::response::Response;
use gatewright_identity::providers::manage;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::IdentityProviderId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::identity_providers::{self, ShownProvider};
use crate::work::{Command, Nothing};

/// Delete an identity provider, with who people are there. They stay; who has no other way in asks for a password by mail.
#[utoipa::path(delete, path = "/identity-providers/{id}", tag = "Identity providers", params(("id" = IdentityProviderId, Path)), responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete_identity_provider(
    Id(id): Id<IdentityProviderId>,
    command: Command<Nothing>,
) -> Result<Response, ApiError> {
    let state = command.acting().state().clone();
    let (mut work, _) = command.begin().await?;
    if work.is_conditional() {
        let portal_url = identity_providers::portal_url(work.tx(), &state).await?;
        let held = manage::hold(work.tx(), id).await?;
        work.require(&ShownProvider::new(held, &portal_url))?;
    }
    manage::delete(work.tx(), id).await?;
    work.deleted(Effects::default()).await
}
