//! What there is of providers.

use chrono::{DateTime, Utc};
use gatewright_types::ids::IdentityProviderId;
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

text_enum! {
    /// What a provider speaks.
    pub enum ProviderKind {
        /// OpenID Connect, as Google speaks it.
        Google = "GOOGLE",
        /// OAuth 2.0 and the API of GitHub.
        GitHub = "GITHUB",
        /// OpenID Connect.
        Oidc = "OIDC",
    }
}

text_enum! {
    /// Whether a provider lets anybody in.
    pub enum ProviderState {
        /// It does.
        Active = "ACTIVE",
        /// It does not.
        Disabled = "DISABLED",
    }
}

/// Where else people of the tenant sign in; never its client secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// Its id.
    pub id: IdentityProviderId,
    /// What it speaks.
    pub kind: ProviderKind,
    /// What people read on its button, unique in the tenant.
    #[schema(example = "Globex")]
    pub name: String,
    /// Who it is: the issuer of OpenID Connect; of GITHUB where it is.
    #[schema(example = "https://login.example.com")]
    pub issuer: String,
    /// What we are to it.
    pub client_id: String,
    /// Whether somebody unknown may sign up by it, within what the settings of sign-up allow.
    pub signs_up: bool,
    /// Whether it lets anybody in.
    pub state: ProviderState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the client secrets it has had.
    #[serde(skip)]
    pub(crate) secret_version: i32,
}

/// Who a person is at a provider.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// At which provider.
    pub provider_id: IdentityProviderId,
    /// What it speaks.
    pub provider_kind: ProviderKind,
    /// What it is called.
    pub provider_name: String,
    /// The mail address that it last gave.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: DateTime<Utc>,
    /// When somebody last signed in by it.
    pub last_used_at: Option<DateTime<Utc>>,
}
