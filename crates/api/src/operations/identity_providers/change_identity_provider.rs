//! `PATCH /identity-providers/{id}`

use axum::response::Response;
use gatewright_identity::providers::manage::{self, IdentityProviderChange};
use gatewright_native::nodes::Effects;
use gatewright_types::ids::IdentityProviderId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::identity_providers::{self, ShownProvider};
use crate::work::Command;

/// Change an identity provider, or disable and enable it. Its kind and its issuer stay.
#[utoipa::path(patch, path = "/identity-providers/{id}", tag = "Identity providers", params(("id" = IdentityProviderId, Path)), request_body = IdentityProviderChange, responses((status = 200, description = "The provider", body = ShownProvider)))]
pub(crate) async fn change_identity_provider(
    Id(id): Id<IdentityProviderId>,
    command: Command<IdentityProviderChange>,
) -> Result<Response, ApiError> {
    let state = command.acting().state().clone();
    let (mut work, change) = command.begin().await?;
    let portal_url = identity_providers::portal_url(work.tx(), &state).await?;
    if work.is_conditional() {
        let held = manage::hold(work.tx(), id).await?;
        work.require(&ShownProvider::new(held, &portal_url))?;
    }
    let provider = manage::change(work.tx(), id, change).await?;
    work.edited(&ShownProvider::new(provider, &portal_url), Effects::default())
        .await
}
