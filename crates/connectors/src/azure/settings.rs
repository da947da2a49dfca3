//! How a service is reached: what an operator says when connecting it.

use gatewright_egress::Target;
use gatewright_types::problem::FieldError;
use gatewright_types::text_enum;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest address, in bytes.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest client id or secret, in bytes.
pub const CREDENTIAL_MAX_BYTES: usize = 1024;
/// Longest name of a resource group.
const RESOURCE_GROUP_MAX_CHARS: usize = 90;
/// Longest name of a service.
const SERVICE_NAME_MAX_CHARS: usize = 50;

text_enum! {
    /// Which of Microsoft's clouds.
    pub enum Cloud {
        /// Azure.
        Public = "PUBLIC",
        /// Azure Government.
        UsGovernment = "US_GOVERNMENT",
        /// Azure operated by 21Vianet.
        China = "CHINA",
    }
}

impl Cloud {
    /// Where its resource manager is, and whom a token for it is asked of.
    const fn resource_manager(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGovernment => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    const fn login(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

/// Where a service is. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The id of the Azure subscription.
    pub subscription_id: String,
    /// The resource group.
    pub resource_group: String,
    /// The service's name, as in `{name}.azure-api.net`.
    pub service_name: String,
    /// The Entra tenant: its id, or a domain of it.
    pub tenant_id: String,
    /// Which of Microsoft's clouds.
    #[serde(default = "public")]
    pub cloud: Cloud,
    /// The resource manager's address, where it is not the cloud's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The login's address, where it is not the cloud's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
}

const fn public() -> Cloud {
    Cloud::Public
}

/// An application's id and secret, with which it logs in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// The application's (client's) id.
    pub client_id: String,
    /// Its secret's value, not the secret's id.
    #[schema(value_type = String)]
    pub client_secret: SecretString,
}

/// Settings and credentials that were found to be sound.
pub(crate) struct Checked {
    /// Where the resource manager is.
    pub(crate) root: String,
    /// Where the service is.
    pub(crate) base: String,
    /// Where tokens are.
    pub(crate) token_url: String,
    /// What a token has to be good for.
    pub(crate) token_scope: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
}

/// Reads settings and credentials from JSON.
pub(crate) fn read(settings: &Value, credentials: &SecretString) -> Result<(Settings, Credentials), Vec<FieldError>> {
    let settings = serde_path_to_error::deserialize(settings)
        .map_err(|error| FieldError::new(pointer("/settings", error.path()), error.inner().to_string()));
    let mut json = serde_json::Deserializer::from_str(credentials.expose_secret());
    // Serde's own words quote the value that was unexpected.
    let credentials = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let detail = "expected clientId and clientSecret, and nothing else";
        FieldError::new(pointer("/credentials", error.path()), detail)
    });
    match (settings, credentials) {
        (Ok(settings), Ok(credentials)) => Ok((settings, credentials)),
        (settings, credentials) => Err(settings.err().into_iter().chain(credentials.err()).collect()),
    }
}

/// A JSON Pointer (RFC 6901).
fn pointer(root: &str, path: &serde_path_to_error::Path) -> String {
    let mut pointer = root.to_owned();
    for segment in path {
        let segment = segment.to_string();
        if segment != "?" {
            pointer = format!("{pointer}/{}", segment.replace('~', "~0").replace('/', "~1"));
        }
    }
    pointer
}

/// Looks whether settings and credentials can be used.
pub(crate) fn check(settings: &Settings, credentials: &Credentials) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let mut complain = |field: &str, detail: &str| wrong.push(FieldError::new(field, detail));
    if Uuid::try_parse(&settings.subscription_id).is_err() {
        complain(
            "/settings/subscriptionId",
            "expected the Azure subscription's id, which is a UUID",
        );
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.()".contains(letter);
    let group = &settings.resource_group;
    if group.is_empty() || group.len() > RESOURCE_GROUP_MAX_CHARS || group.ends_with('.') || !group.chars().all(plain) {
        complain(
            "/settings/resourceGroup",
            "expected a resource group's name: letters, digits and - _ . ( )",
        );
    }
    if !is_service_name(&settings.service_name) {
        let detail = "expected the service's name: 1 to 50 letters, digits and hyphens, a letter first";
        complain("/settings/serviceName", detail);
    }
    let tenant = &settings.tenant_id;
    let domain = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    if tenant.is_empty() || tenant.len() > 253 || tenant.contains("..") || !tenant.chars().all(domain) {
        complain("/settings/tenantId", "expected the Entra tenant's id or a domain of it");
    }
    if ["common", "organizations", "consumers"].contains(&tenant.as_str()) {
        complain("/settings/tenantId", "an application logs in to one tenant; name it");
    }
    for (field, value) in [
        ("/credentials/clientId", credentials.client_id.as_str()),
        ("/credentials/clientSecret", credentials.client_secret.expose_secret()),
    ] {
        if value.is_empty() || value.len() > CREDENTIAL_MAX_BYTES {
            complain(field, &format!("expected 1 to {CREDENTIAL_MAX_BYTES} bytes"));
        }
    }
    let root = address(
        "url",
        settings.url.as_deref(),
        settings.cloud.resource_manager(),
        &mut wrong,
    );
    let login = address(
        "loginUrl",
        settings.login_url.as_deref(),
        settings.cloud.login(),
        &mut wrong,
    );
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Checked {
        base: format!(
            "{root}/subscriptions/{}/resourceGroups/{group}/providers/Microsoft.ApiManagement/service/{}",
            settings.subscription_id, settings.service_name
        ),
        token_url: format!("{login}/{tenant}/oauth2/v2.0/token"),
        token_scope: format!("{}/.default", settings.cloud.resource_manager()),
        client_id: credentials.client_id.clone(),
        client_secret: credentials.client_secret.clone(),
        root,
    })
}

fn is_service_name(name: &str) -> bool {
    name.len() <= SERVICE_NAME_MAX_CHARS
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !name.ends_with('-')
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// An address without a slash at its end.
fn address(field: &str, given: Option<&str>, default: &str, wrong: &mut Vec<FieldError>) -> String {
    let url = given.unwrap_or(default).trim_end_matches('/');
    let field = format!("/settings/{field}");
    if let Err(error) = Target::parse(url, URL_MAX_BYTES) {
        wrong.push(FieldError::new(field, error.to_string()));
    } else if url.contains(['?', '#']) {
        wrong.push(FieldError::new(
            field,
            "has a query or a fragment; give the address alone",
        ));
    }
    url.to_owned()
}
