//! Identity providers as the API shows them, and asking them on behalf of a tenant.

use gatewright_catalog::tenants;
use gatewright_database::TenantTx;
use gatewright_egress::Policy;
use gatewright_identity::providers::{Asking, IdentityProvider, errand};
use gatewright_notify::destinations;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::ApiError;
use crate::precondition::Editable;

/// An identity provider, with where it sends people back to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShownProvider {
    #[serde(flatten)]
    provider: IdentityProvider,
    /// Where it sends people back to: what is registered there, exactly.
    #[schema(example = "https://acme.example.com/sign-in/callback/idp_01m80hxe67f59s79ed8y354rh0")]
    redirect_uri: String,
}

impl Editable for ShownProvider {}

impl ShownProvider {
    /// A provider of the tenant that is reached there.
    pub(crate) fn new(provider: IdentityProvider, portal_url: &str) -> Self {
        Self {
            redirect_uri: errand::redirect_uri(portal_url, provider.id),
            provider,
        }
    }

    /// Which one.
    pub(crate) const fn provider(&self) -> &IdentityProvider {
        &self.provider
    }
}

/// What a tenant's requests to its providers may reach.
pub(crate) async fn policy(tx: &mut TenantTx, state: &ApiState) -> Result<Policy, ApiError> {
    Ok(destinations::policy(tx, state.egress_policy()).await?)
}

/// What asks the providers of one tenant.
pub(crate) fn asking<'a>(state: &'a ApiState, policy: &'a Policy) -> Asking<'a> {
    Asking {
        providers: state.identity_providers(),
        policy,
    }
}

/// Where the tenant of a transaction is reached, without a slash at the end.
pub(crate) async fn portal_url(tx: &mut TenantTx, state: &ApiState) -> Result<String, ApiError> {
    Ok(state.portals().url(&tenants::own(tx).await?.slug))
}
