//! How an AWS account is reached: what an operator says when connecting it.

use gatewright_egress::Target;
use gatewright_types::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sign::Keys;

/// Longest address, in bytes.
pub const URL_MAX_BYTES: usize = 2048;
/// Longest part of the credentials, in bytes: session tokens have no documented end, and have had less than half of this.
pub const CREDENTIAL_MAX_BYTES: usize = 8 * 1024;
/// Longest name of a role (`RoleArn`), in bytes.
pub const ROLE_ARN_MAX_BYTES: usize = 2048;
/// Longest `ExternalId`, in bytes.
pub const EXTERNAL_ID_MAX_BYTES: usize = 1224;
/// Longest `RoleSessionName`, in bytes.
pub const SESSION_NAME_MAX_BYTES: usize = 64;
/// As what we appear in CloudTrail unless somebody says otherwise.
const SESSION_NAME: &str = "gatewright";

/// Which region of which account, and how to get there. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// The region, as in `eu-central-1`.
    pub region: String,
    /// API Gateway's address, for a VPC endpoint; `https://apigateway.{region}.amazonaws.com` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The token service's address; `https://sts.{region}.amazonaws.com` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sts_url: Option<String>,
    /// The role that is assumed for every call; without it the credentials themselves make them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assume_role: Option<AssumeRole>,
}

/// A role to be assumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssumeRole {
    /// The role, as in `arn:aws:iam::123456789012:role/gatewright`.
    pub role_arn: String,
    /// What the role's trust policy asks for, so that nobody else's connection can make us use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// As what we appear in CloudTrail; `gatewright` where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_name: Option<String>,
}

impl AssumeRole {
    pub(crate) fn session_name(&self) -> &str {
        self.session_name.as_deref().unwrap_or(SESSION_NAME)
    }
}

/// An access key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// Its id, as in `AKIA…`.
    pub access_key_id: String,
    /// Its secret.
    #[schema(value_type = String)]
    pub secret_access_key: SecretString,
    /// The session token of an access key that ends by itself (`ASIA…`).
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub session_token: Option<SecretString>,
}

/// Settings and credentials that were found to be sound.
pub(crate) struct Checked {
    pub(crate) region: String,
    pub(crate) gateway: Endpoint,
    pub(crate) tokens: Endpoint,
    pub(crate) role: Option<AssumeRole>,
    pub(crate) keys: Keys,
    /// Whose calls are counted together.
    pub(crate) rate_key: String,
}

/// Where something listens.
pub(crate) struct Endpoint {
    /// The address without a slash at its end.
    pub(crate) url: String,
    /// What the `Host` field says: it is signed.
    pub(crate) host: String,
}

/// Looks whether settings and credentials can be used.
pub(crate) fn check(settings: &Settings, credentials: &Credentials) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let region = settings.region.as_str();
    if !is_region(region) {
        wrong.push(FieldError::new(
            "/settings/region",
            "expected a region, as in eu-central-1",
        ));
    }
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let known = wrong.is_empty();
    let mut endpoint = |field: &str, given: &Option<String>, service: &str| {
        // Of a region that is none there is no address to complain of.
        if given.is_none() && !known {
            return None;
        }
        let own = || format!("https://{service}.{region}.{domain}");
        let found = check_url(field, &given.clone().unwrap_or_else(own));
        found.map_err(|error| wrong.push(error)).ok()
    };
    let gateway = endpoint("/settings/url", &settings.url, "apigateway");
    let tokens = endpoint("/settings/stsUrl", &settings.sts_url, "sts");
    if let Some(role) = &settings.assume_role {
        check_role(role, &mut wrong);
    }
    check_credentials(credentials, &mut wrong);
    match (gateway, tokens) {
        (Some(gateway), Some(tokens)) if wrong.is_empty() => Ok(Checked {
            rate_key: rate_key(settings, credentials),
            region: region.to_owned(),
            gateway,
            tokens,
            role: settings.assume_role.clone(),
            keys: Keys {
                access_key_id: credentials.access_key_id.clone(),
                secret: credentials.secret_access_key.clone(),
                token: credentials.session_token.clone(),
            },
        }),
        _ => Err(wrong),
    }
}

fn is_region(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.len() <= 32 && text.split('-').count() >= 3 && text.split('-').all(plain)
}

fn check_url(field: &str, url: &str) -> Result<Endpoint, FieldError> {
    let url = url.trim_end_matches('/');
    let target = Target::parse(url, URL_MAX_BYTES).map_err(|error| FieldError::new(field, error.to_string()))?;
    // As the HTTP client says it: lower case, and without the scheme's own port.
    let root = target.as_str().trim_end_matches('/');
    match root.split_once("://") {
        Some((_, host)) if !host.contains(['/', '?', '#']) => Ok(Endpoint {
            url: root.to_owned(),
            host: host.to_owned(),
        }),
        _ => Err(FieldError::new(field, "has a path or a query; give the address alone")),
    }
}

fn check_role(role: &AssumeRole, wrong: &mut Vec<FieldError>) {
    let parts: Vec<&str> = role.role_arn.split(':').collect();
    let is_role = matches!(parts[..], ["arn", partition, "iam", "", account, resource]
        if partition.starts_with("aws") && is_account(account) && resource.starts_with("role/") && resource.len() > 5);
    if !is_role || role.role_arn.len() > ROLE_ARN_MAX_BYTES {
        let detail = "expected a role's ARN, as in arn:aws:iam::123456789012:role/gatewright";
        wrong.push(FieldError::new("/settings/assumeRole/roleArn", detail));
    }
    let named = |text: &str, extra: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) || extra.contains(c))
    };
    if let Some(id) = &role.external_id
        && !((2..=EXTERNAL_ID_MAX_BYTES).contains(&id.len()) && named(id, ":/"))
    {
        let detail = format!("expected 2 to {EXTERNAL_ID_MAX_BYTES} letters, digits and _ + = , . @ : / -");
        wrong.push(FieldError::new("/settings/assumeRole/externalId", detail));
    }
    if !((2..=SESSION_NAME_MAX_BYTES).contains(&role.session_name().len()) && named(role.session_name(), "")) {
        let detail = format!("expected 2 to {SESSION_NAME_MAX_BYTES} letters, digits and _ + = , . @ -");
        wrong.push(FieldError::new("/settings/assumeRole/sessionName", detail));
    }
}

fn check_credentials(credentials: &Credentials, wrong: &mut Vec<FieldError>) {
    let id = &credentials.access_key_id;
    if !(16..=128).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let detail = "expected an access key's id, as in AKIA… or ASIA…: 16 to 128 letters and digits";
        wrong.push(FieldError::new("/credentials/accessKeyId", detail));
    }
    let sound = |text: &str| {
        !text.is_empty() && text.len() <= CREDENTIAL_MAX_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let detail = format!("expected 1 to {CREDENTIAL_MAX_BYTES} letters, digits and signs, without spaces");
    if !sound(credentials.secret_access_key.expose_secret()) {
        wrong.push(FieldError::new("/credentials/secretAccessKey", detail.clone()));
    }
    match &credentials.session_token {
        Some(token) if !sound(token.expose_secret()) => {
            wrong.push(FieldError::new("/credentials/sessionToken", detail));
        }
        None if id.starts_with("ASIA") => {
            let detail = "an access key that begins with ASIA ends by itself and needs its session token";
            wrong.push(FieldError::new("/credentials/sessionToken", detail));
        }
        _ => {}
    }
}

/// AWS counts calls by account and region: connections to the same share them. The account is in a role's name, and in an
/// access key's id.
fn rate_key(settings: &Settings, credentials: &Credentials) -> String {
    let of_role = settings
        .assume_role
        .as_ref()
        .and_then(|role| role.role_arn.split(':').nth(4));
    let id = &credentials.access_key_id;
    match of_role.map(str::to_owned).or_else(|| account_of(id)) {
        Some(account) => format!("aws:{account}:{}", settings.region),
        None => format!("aws:{id}:{}", settings.region),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The account that an access key's id names, as keys made since 2019 do: after four letters, in base 32, behind one bit
/// that says so, 40 bits. (Not documented; found by Aidan Steele and Tal Be'ery. A wrong guess costs a shared rate, no more.)
fn account_of(access_key_id: &str) -> Option<String> {
    let letters = access_key_id.as_bytes().get(4..14)?;
    let mut bits: u64 = 0;
    for letter in letters {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u64::from(value);
    }
    // Of the 50 bits of ten letters the first is the sign of the newer form, and the account has the next 40.
    (bits >> 49 == 1).then(|| format!("{:012}", bits >> 9 & 0xff_ffff_ffff))
}
