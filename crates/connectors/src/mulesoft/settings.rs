//! How an Anypoint is reached: what an operator says when connecting it.

use gatewright_egress::Target;
use gatewright_types::problem::FieldError;
use gatewright_types::text_enum;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::choice::Rotation;

/// Longest address, in bytes.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest id or secret of a connected app, in bytes.
pub const CREDENTIAL_MAX_BYTES: usize = 1024;
/// Longest name of a region.
pub const REGION_MAX_CHARS: usize = 32;

text_enum! {
    /// Who keeps the clients of the organization.
    pub enum ClientProvider {
        /// Anypoint Platform itself.
        Anypoint = "ANYPOINT",
        /// PingFederate.
        PingFederate = "PING_FEDERATE",
        /// An OpenID Connect provider: it makes every client id and secret itself and takes none of ours.
        Oidc = "OIDC",
    }
}

/// Where an Anypoint organization is and how it is used. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The root organization's id: client applications belong to it.
    pub root_organization_id: String,
    /// The id of the business group that has the APIs; of the root organization where that has them.
    pub organization_id: String,
    /// The environment's id.
    pub environment_id: String,
    /// The control plane: `US`, `EU`, `GOV`, or another region's short name, as in `ca1`.
    #[serde(default = "us")]
    pub region: String,
    /// The platform's address, where that does not follow from the region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What becomes of the old secret when a key is rotated, unless a mapping chooses.
    #[serde(default = "clone")]
    pub rotation: Rotation,
    /// Who keeps the clients of the organization.
    #[serde(default = "anypoint")]
    pub client_provider: ClientProvider,
}

fn us() -> String {
    "US".to_owned()
}

const fn clone() -> Rotation {
    Rotation::Clone
}

const fn anypoint() -> ClientProvider {
    ClientProvider::Anypoint
}

/// What the platform lets us in with: a connected app that acts on its own behalf.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// The connected app's id.
    pub client_id: String,
    /// The connected app's secret.
    #[schema(value_type = String)]
    pub client_secret: SecretString,
}

/// Settings and credentials that were found to be sound.
pub(crate) struct Checked {
    /// Where the platform is, without a slash at its end.
    pub(crate) root: String,
    pub(crate) root_organization: Uuid,
    pub(crate) organization: Uuid,
    pub(crate) environment: Uuid,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
}

/// Looks whether settings and credentials can be used.
pub(crate) fn check(settings: &Settings, credentials: &Credentials) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let root = address(settings, &mut wrong);
    let mut id = |field: &str, text: &str, what: &str| {
        Uuid::parse_str(text).unwrap_or_else(|_| {
            wrong.push(FieldError::new(field, format!("expected {what}'s id, which is a UUID")));
            Uuid::nil()
        })
    };
    let root_organization = id(
        "/settings/rootOrganizationId",
        &settings.root_organization_id,
        "the root organization",
    );
    let organization = id(
        "/settings/organizationId",
        &settings.organization_id,
        "the business group",
    );
    let environment = id("/settings/environmentId", &settings.environment_id, "the environment");
    for (field, value) in [
        ("/credentials/clientId", credentials.client_id.as_str()),
        ("/credentials/clientSecret", credentials.client_secret.expose_secret()),
    ] {
        if value.is_empty() || value.len() > CREDENTIAL_MAX_BYTES || value.chars().any(char::is_control) {
            let detail = format!("expected a value of 1 to {CREDENTIAL_MAX_BYTES} bytes");
            wrong.push(FieldError::new(field, detail));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Checked {
        root,
        root_organization,
        organization,
        environment,
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone(),
    })
}

/// The given address, or the region's.
fn address(settings: &Settings, wrong: &mut Vec<FieldError>) -> String {
    if let Some(url) = &settings.url {
        let url = url.trim_end_matches('/');
        if let Err(error) = Target::parse(url, URL_MAX_BYTES) {
            wrong.push(FieldError::new("/settings/url", error.to_string()));
        } else if url.contains(['?', '#']) || url.split('/').count() > 3 {
            let detail = "has more than a host; give the address alone, as in https://anypoint.mulesoft.com";
            wrong.push(FieldError::new("/settings/url", detail));
        }
        return url.to_owned();
    }
    match settings.region.as_str() {
        "US" => "https://anypoint.mulesoft.com".to_owned(),
        "EU" => "https://eu1.anypoint.mulesoft.com".to_owned(),
        "GOV" => "https://gov.anypoint.mulesoft.com".to_owned(),
        region => {
            let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
            if region.is_empty() || region.len() > REGION_MAX_CHARS || !region.chars().all(plain) {
                let detail = "expected US, EU, GOV or a region's short name in lower case, as in ca1";
                wrong.push(FieldError::new("/settings/region", detail));
            }
            format!("https://{region}.platform.mulesoft.com")
        }
    }
}
