//! `GET /identity-providers/{id}`

use gatewright_identity::providers::manage;
use gatewright_types::ids::IdentityProviderId;

use crate::error::ApiError;
use crate::extract::Id;
use crate::identity_providers::{self, ShownProvider};
use crate::precondition::Tagged;
use crate::principal::Operator;

/// Get an identity provider.
#[utoipa::path(get, path = "/identity-providers/{id}", tag = "Identity providers", params(("id" = IdentityProviderId, Path)), responses((status = 200, description = "The provider", body = ShownProvider)))]
pub(crate) async fn get_identity_provider(
    operator: Operator,
    Id(id): Id<IdentityProviderId>,
) -> Result<Tagged<ShownProvider>, ApiError> {
    let mut tx = operator.begin().await?;
    let portal_url = identity_providers::portal_url(&mut tx, operator.state()).await?;
    let provider = manage::get(&mut tx, id).await?;
    Ok(Tagged(ShownProvider::new(provider, &portal_url)))
}
