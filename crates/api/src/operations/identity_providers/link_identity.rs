//! `POST /account/identities/{providerId}/authorizations`

use axum::response::Response;
use gatewright_types::ids::IdentityProviderId;

use super::begin_provider_sign_in::{Authorization, ProviderErrand, begin};
use crate::error::ApiError;
use crate::extract::Id;
use crate::principal::Acting;
use crate::visitor::Asked;

/// Begin to link an account elsewhere to one's own: as for signing in by it, and what comes back counts in this person's session only.
#[utoipa::path(post, path = "/account/identities/{providerId}/authorizations", tag = "Account", params(("providerId" = IdentityProviderId, Path)), request_body = ProviderErrand, responses((status = 201, description = "Where the browser goes", body = Authorization)))]
pub(crate) async fn link_identity(
    acting: Acting,
    Id(provider_id): Id<IdentityProviderId>,
    asked: Asked<ProviderErrand>,
) -> Result<Response, ApiError> {
    let who = acting.me()?;
    let Asked { visitor, body } = asked;
    begin(&visitor, provider_id, body, Some(who)).await
}
