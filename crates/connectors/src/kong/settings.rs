//! How a Kong is reached: what an operator says when connecting it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright_egress::{Target, Trust};
use gatewright_types::problem::FieldError;
use gatewright_types::text_enum;
use http::header::{self, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest address, in bytes.
pub const URL_MAX_BYTES: usize = 2048;
/// Most header fields that are sent along.
pub const HEADERS_MAX: usize = 16;
/// Longest value of a credential, in bytes.
pub const CREDENTIAL_MAX_BYTES: usize = 8 * 1024;
/// Longest text of certificate authorities, in bytes.
pub const CA_PEM_MAX_BYTES: usize = 64 * 1024;

text_enum! {
    /// Which management API it is.
    pub enum Flavor {
        /// The Admin API of a Kong Gateway with a database.
        AdminApi = "ADMIN_API",
        /// Kong Konnect.
        Konnect = "KONNECT",
    }
}

text_enum! {
    /// How an application is suspended.
    pub enum SuspendBy {
        /// Its groups are taken away, which acts within milliseconds, and a request-termination plugin is put on the
        /// consumer, which also closes services without `acl`.
        AclAndPlugin = "ACL_AND_PLUGIN",
        /// Its groups are taken away. For a Konnect control plane near its ceiling of plugins.
        Acl = "ACL",
    }
}

/// Where a Kong is and how it is used. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    /// Which management API it is.
    pub flavor: Flavor,
    /// The Admin API's address, as in `https://kong.internal:8444`; for Konnect `https://{region}.api.konghq.com`.
    pub url: String,
    /// The workspace, for Kong Enterprise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The control plane's id, for Konnect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_id: Option<String>,
    /// Certificate authorities that are trusted besides the system's, as PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_pem: Option<String>,
    /// How an application is suspended.
    #[serde(default = "both")]
    pub suspend_by: SuspendBy,
}

const fn both() -> SuspendBy {
    SuspendBy::AclAndPlugin
}

/// What the management API lets us in with: header fields, or basic authentication, or a bearer token.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// Header fields sent with every call, as `Kong-Admin-Token` or whatever a proxy in front asks for.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    pub headers: BTreeMap<String, SecretString>,
    /// Basic authentication.
    #[serde(default)]
    pub basic: Option<Basic>,
    /// A bearer token; Konnect's personal or system account access token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub bearer: Option<SecretString>,
}

/// Basic authentication (RFC 7617).
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Basic {
    /// The user's name.
    pub username: String,
    /// The user's password.
    #[schema(value_type = String)]
    pub password: SecretString,
}

/// Settings and credentials that were found to be sound.
pub(crate) struct Checked {
    /// Where the node or the control plane itself is.
    pub(crate) root: String,
    /// Where its objects are.
    pub(crate) base: String,
    /// What is sent along.
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    /// Everything that must not be repeated in words.
    pub(crate) secrets: Vec<SecretString>,
    /// Whom we trust, where that is not the system.
    pub(crate) trust: Option<Trust>,
}

/// Reads settings and credentials from JSON.
pub(crate) fn read(settings: &Value, credentials: &SecretString) -> Result<(Settings, Credentials), Vec<FieldError>> {
    let settings = serde_path_to_error::deserialize(settings)
        .map_err(|error| FieldError::new(pointer("/settings", error.path()), error.inner().to_string()));
    let mut json = serde_json::Deserializer::from_str(credentials.expose_secret());
    // Serde's own words quote the value that was unexpected.
    let credentials = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let detail = "expected any of: headers (names and values), basic (username and password), bearer";
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
            pointer = format!("{pointer}/{}", escaped(&segment));
        }
    }
    pointer
}

fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

/// Looks whether settings and credentials can be used.
pub(crate) fn check(settings: &Settings, credentials: &Credentials) -> Result<Checked, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let url = check_url(settings, &mut wrong);
    check_flavor(settings, credentials, &mut wrong);
    let trust = settings.ca_pem.as_deref().and_then(|pem| {
        if pem.len() > CA_PEM_MAX_BYTES {
            wrong.push(FieldError::new(
                "/settings/caPem",
                format!("is longer than {CA_PEM_MAX_BYTES} bytes"),
            ));
            return None;
        }
        let trust = Trust::with_extra(pem);
        trust
            .map_err(|error| wrong.push(FieldError::new("/settings/caPem", error.to_string())))
            .ok()
    });
    let mut secrets = Vec::new();
    let fields = fields(credentials, &mut secrets, &mut wrong);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let root = match &settings.control_plane_id {
        Some(id) => format!("{url}/v2/control-planes/{id}"),
        None => url,
    };
    let base = match (settings.flavor, &settings.workspace) {
        (Flavor::Konnect, _) => format!("{root}/core-entities"),
        (Flavor::AdminApi, Some(workspace)) => format!("{root}/{workspace}"),
        (Flavor::AdminApi, None) => root.clone(),
    };
    Ok(Checked {
        root,
        base,
        fields,
        secrets,
        trust,
    })
}

/// The address without a slash at its end.
fn check_url(settings: &Settings, wrong: &mut Vec<FieldError>) -> String {
    let url = settings.url.trim_end_matches('/');
    if let Err(error) = Target::parse(url, URL_MAX_BYTES) {
        wrong.push(FieldError::new("/settings/url", error.to_string()));
    } else if url.contains(['?', '#']) {
        wrong.push(FieldError::new(
            "/settings/url",
            "has a query or a fragment; give the address alone",
        ));
    } else if settings.flavor == Flavor::Konnect && url.split('/').count() > 3 {
        let detail = "has a path; give the region's address alone, as in https://eu.api.konghq.com";
        wrong.push(FieldError::new("/settings/url", detail));
    }
    url.to_owned()
}

fn check_flavor(settings: &Settings, credentials: &Credentials, wrong: &mut Vec<FieldError>) {
    let (workspace, control_plane) = (&settings.workspace, &settings.control_plane_id);
    let mut complain = |field: &str, detail: &str| wrong.push(FieldError::new(field, detail));
    match settings.flavor {
        Flavor::AdminApi => {
            if control_plane.is_some() {
                complain(
                    "/settings/controlPlaneId",
                    "only Konnect has control planes; leave it out",
                );
            }
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "._~-".contains(letter);
            if workspace
                .as_deref()
                .is_some_and(|name| name.is_empty() || name.contains("..") || !name.chars().all(plain))
            {
                complain(
                    "/settings/workspace",
                    "expected a workspace's name: letters, digits and . _ ~ -",
                );
            }
        }
        Flavor::Konnect => {
            if workspace.is_some() {
                complain("/settings/workspace", "Konnect has no workspaces; leave it out");
            }
            match control_plane.as_deref().map(Uuid::parse_str) {
                Some(Ok(_)) => {}
                Some(Err(_)) => complain(
                    "/settings/controlPlaneId",
                    "expected the control plane's id, which is a UUID",
                ),
                None => complain("/settings/controlPlaneId", "Konnect needs the id of the control plane"),
            }
            if credentials.bearer.is_none() {
                complain(
                    "/credentials/bearer",
                    "Konnect needs an access token (kpat_… or spat_…)",
                );
            }
        }
    }
}

/// The header fields to be sent; what of them is secret goes to `secrets`.
fn fields(
    credentials: &Credentials,
    secrets: &mut Vec<SecretString>,
    wrong: &mut Vec<FieldError>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut fields = Vec::new();
    if credentials.headers.len() > HEADERS_MAX {
        wrong.push(FieldError::new(
            "/credentials/headers",
            format!("more than {HEADERS_MAX} fields"),
        ));
        return fields;
    }
    for (name, value) in &credentials.headers {
        let field = format!("/credentials/headers/{}", escaped(name));
        let Ok(name) = HeaderName::try_from(name) else {
            wrong.push(FieldError::new(field, "is no header field's name"));
            continue;
        };
        if NOT_THEIRS.contains(&name) {
            wrong.push(FieldError::new(field, "is set by Gatewright itself; leave it out"));
            continue;
        }
        push(&mut fields, name, value.expose_secret(), &field, wrong);
        secrets.push(value.clone());
    }
    if let Some(basic) = &credentials.basic {
        if basic.username.contains(':') {
            wrong.push(FieldError::new(
                "/credentials/basic/username",
                "a user's name has no colon (RFC 7617)",
            ));
        }
        let pair = STANDARD.encode(format!("{}:{}", basic.username, basic.password.expose_secret()));
        push(
            &mut fields,
            header::AUTHORIZATION,
            &format!("Basic {pair}"),
            "/credentials/basic",
            wrong,
        );
        secrets.extend([basic.password.clone(), SecretString::from(pair)]);
    }
    if let Some(bearer) = &credentials.bearer {
        let value = format!("Bearer {}", bearer.expose_secret());
        if bearer.expose_secret().is_empty() {
            wrong.push(FieldError::new("/credentials/bearer", "is empty"));
        }
        push(&mut fields, header::AUTHORIZATION, &value, "/credentials/bearer", wrong);
        secrets.push(bearer.clone());
    }
    let authorizations = fields.iter().filter(|(name, _)| name == header::AUTHORIZATION).count();
    if authorizations > 1 {
        let detail = "more than one Authorization: give a header field, basic authentication or a bearer token";
        wrong.push(FieldError::new("/credentials", detail));
    }
    fields
}

/// What is said by us or by the HTTP client.
const NOT_THEIRS: [HeaderName; 12] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

fn push(
    fields: &mut Vec<(HeaderName, HeaderValue)>,
    name: HeaderName,
    value: &str,
    field: &str,
    wrong: &mut Vec<FieldError>,
) {
    if value.is_empty() || value.len() > CREDENTIAL_MAX_BYTES {
        let detail = format!("expected a value of 1 to {CREDENTIAL_MAX_BYTES} bytes");
        wrong.push(FieldError::new(field, detail));
    } else if let Ok(value) = HeaderValue::try_from(value) {
        fields.push((name, value));
    } else {
        wrong.push(FieldError::new(field, "has characters that no header field may have"));
    }
}
