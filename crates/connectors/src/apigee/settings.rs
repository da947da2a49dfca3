//! How an Apigee is reached: what an operator says when connecting it.

use aws_lc_rs::rsa::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright_egress::{Target, Trust};
use gatewright_types::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest address, in bytes.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest private key, in bytes.
pub const PRIVATE_KEY_MAX_BYTES: usize = 16 * 1024;
/// Longest text of certificate authorities, in bytes.
pub const CA_PEM_MAX_BYTES: usize = 64 * 1024;
/// Longest name of an organization, of a domain, of an account.
const NAME_MAX_BYTES: usize = 253;
/// Where Google's own endpoints are.
const GOOGLE: &str = "googleapis.com";

/// Where an Apigee is and how it is used. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The Apigee organization: usually the name of its Google Cloud project.
    pub organization: String,
    /// The management API's address. With data residency it is a regional one, as in `https://eu-apigee.googleapis.com`.
    #[serde(default = "management_api")]
    pub url: String,
    /// Where access tokens are given.
    #[serde(default = "token_endpoint")]
    pub token_url: String,
    /// The domain of the addresses under which customers are developers there. Nobody is ever written to; not to be changed
    /// while there are subscriptions.
    #[serde(default = "nobodys_domain")]
    pub developer_domain: String,
    /// Certificate authorities that are trusted besides the system's, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
}

fn management_api() -> String {
    "https://apigee.googleapis.com".to_owned()
}

fn token_endpoint() -> String {
    "https://oauth2.googleapis.com/token".to_owned()
}

/// RFC 2606 §2: no mail will ever arrive there.
fn nobodys_domain() -> String {
    "gatewright.invalid".to_owned()
}

/// What lets us in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// The key of a service account, as Google Cloud hands it out: the whole file.
    pub service_account_key: ServiceAccountKey,
}

/// A service account's key. Fields of the file that are not named here are not looked at.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ServiceAccountKey {
    /// What kind of credentials the file holds; only `service_account` is of use.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The account.
    pub client_email: String,
    /// Its RSA key, as PEM (PKCS #8).
    #[schema(value_type = String)]
    pub private_key: SecretString,
    /// Which of the account's keys it is.
    #[serde(default)]
    pub private_key_id: Option<String>,
    /// For which token endpoint it was handed out. Nothing is ever sent there: [`Settings::token_url`] decides.
    #[serde(default)]
    pub token_uri: Option<String>,
}

/// Settings and credentials that were found to be sound.
pub(crate) struct Checked {
    /// The address of the organization.
    pub(crate) base: String,
    pub(crate) token_url: String,
    pub(crate) account: Account,
    /// Whom we trust, where that is not the system.
    pub(crate) trust: Option<Trust>,
}

/// Who signs in.
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) key_id: Option<String>,
    pub(crate) key: KeyPair,
    /// For whom its assertions are.
    pub(crate) audience: String,
}

/// Looks whether settings and credentials can be used.
pub(crate) fn check(settings: &Settings, credentials: &Credentials) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let url = address("/settings/url", &settings.url, &mut wrong);
    let token_url = address("/settings/tokenUrl", &settings.token_url, &mut wrong);
    if !is_name(&settings.organization, ".:_-") {
        let detail = "expected the organization's name: letters, digits and - . : _";
        wrong.push(FieldError::new("/settings/organization", detail));
    }
    let lower = settings.developer_domain == settings.developer_domain.to_lowercase();
    if !is_name(&settings.developer_domain, ".-") || !settings.developer_domain.contains('.') || !lower {
        let detail = "expected a domain in lower case, as in api.example.com";
        wrong.push(FieldError::new("/settings/developerDomain", detail));
    }
    let trust = settings
        .ca_pem
        .as_deref()
        .and_then(|pem| trust(pem).map_err(|error| wrong.push(error)).ok());
    let account = account(&credentials.service_account_key, &token_url, &mut wrong);
    match account {
        Some(account) if wrong.is_empty() => Ok(Checked {
            base: format!("{url}/v1/organizations/{}", settings.organization),
            token_url,
            account,
            trust,
        }),
        _ => Err(wrong),
    }
}

fn account(key: &ServiceAccountKey, token_url: &str, wrong: &mut Vec<FieldError>) -> Option<Account> {
    let mut complain = |field: &str, detail: &str| {
        wrong.push(FieldError::new(
            format!("/credentials/serviceAccountKey{field}"),
            detail,
        ));
    };
    if key.kind.as_deref().is_some_and(|kind| kind != "service_account") {
        complain("/type", "expected the key of a service account (service_account)");
    }
    if !is_name(&key.client_email, ".-@_:") || !key.client_email.contains('@') {
        complain("/client_email", "expected the service account's e-mail address");
    }
    // A pasted file must not be able to say to whom the account's assertions go, nor for whom they are.
    let uri = key.token_uri.as_deref();
    if uri.is_some_and(|uri| uri != token_url && !is_googles(uri)) {
        let detail = "names a token endpoint that is neither Google's nor the settings' tokenUrl";
        complain("/token_uri", detail);
    }
    let pair = private_key(key.private_key.expose_secret());
    if pair.is_none() {
        let detail = "expected an RSA key of 2048 bits or more as PEM (BEGIN PRIVATE KEY), with its line breaks";
        complain("/private_key", detail);
    }
    Some(Account {
        email: key.client_email.clone(),
        key_id: key.private_key_id.clone(),
        key: pair?,
        audience: uri.unwrap_or(token_url).to_owned(),
    })
}

fn private_key(pem: &str) -> Option<KeyPair> {
    if pem.len() > PRIVATE_KEY_MAX_BYTES {
        return None;
    }
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (text, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    KeyPair::from_pkcs8(&STANDARD.decode(text).ok()?).ok()
}

fn trust(pem: &str) -> Result<Trust, FieldError> {
    const FIELD: &str = "/settings/caPem";
    if pem.len() > CA_PEM_MAX_BYTES {
        return Err(FieldError::new(
            FIELD,
            format!("is longer than {CA_PEM_MAX_BYTES} bytes"),
        ));
    }
    Trust::with_extra(pem).map_err(|error| FieldError::new(FIELD, error.to_string()))
}

/// An address without a slash at its end.
fn address(field: &str, text: &str, wrong: &mut Vec<FieldError>) -> String {
    let text = text.trim_end_matches('/');
    if let Err(error) = Target::parse(text, URL_MAX_BYTES) {
        wrong.push(FieldError::new(field, error.to_string()));
    } else if text.contains(['?', '#']) {
        wrong.push(FieldError::new(
            field,
            "has a query or a fragment; give the address alone",
        ));
    }
    text.to_owned()
}

fn is_googles(url: &str) -> bool {
    let host = Target::parse(url, URL_MAX_BYTES).map(|target| (target.is_https(), target.host().to_owned()));
    host.is_ok_and(|(https, host)| https && (host == "accounts.google.com" || host.ends_with(&format!(".{GOOGLE}"))))
}

fn is_name(text: &str, more: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || more.contains(letter);
    !text.is_empty() && text.len() <= NAME_MAX_BYTES && text.chars().all(plain) && !text.contains("..")
}
