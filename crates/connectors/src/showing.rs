//! How a caller shows a credential at a vendor's gateway, where nothing else was said when a product was mapped.

use gatewright_types::problem::FieldError;
use secrecy::{ExposeSecret, SecretString};

use crate::model::Vendor;

/// Longest name of a header field, in bytes.
pub const HEADER_MAX_BYTES: usize = 64;
/// Names that would change what the request is, or whose it is, and hold no key.
const TAKEN: [&str; 9] = [
    "host",
    "connection",
    "content-length",
    "content-type",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
];

/// A header field with a part of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The field's name.
    pub name: &'static str,
    /// Which part it holds.
    pub part: Part,
}

/// A part of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The key as a whole, or the client id of a pair.
    Key,
    /// The secret of a pair.
    Secret,
}

/// Fields that this vendor's gateways read by default: Kong's key-auth (`key_names`), Apigee's VerifyAPIKey as its samples have it, an
/// `apiKeySource` HEADER of AWS, Azure's `subscriptionKeyParameterNames`, MuleSoft's client-id-enforcement.
pub const fn fields(vendor: Vendor) -> &'static [Shown] {
    const fn key(name: &'static str) -> Shown {
        Shown { name, part: Part::Key }
    }
    match vendor {
        Vendor::Kong => const { &[key("apikey")] },
        Vendor::Apigee => const { &[key("x-apikey")] },
        Vendor::AwsApiGateway => const { &[key("x-api-key")] },
        Vendor::AzureApiManagement => const { &[key("Ocp-Apim-Subscription-Key")] },
        Vendor::MuleSoft => {
            const {
                &[
                    key("client_id"),
                    Shown {
                        name: "client_secret",
                        part: Part::Secret,
                    },
                ]
            }
        }
    }
}

/// The part of a credential as it is sent. A key of ours is both halves of a pair, one that was adopted has both with a colon between.
pub fn part(vendor: Vendor, secret: &SecretString, part: Part) -> SecretString {
    let whole = secret.expose_secret();
    let (id, secret) = match vendor {
        Vendor::MuleSoft => whole.split_once(':').unwrap_or((whole, whole)),
        _ => (whole, whole),
    };
    match part {
        Part::Key => id.into(),
        Part::Secret => secret.into(),
    }
}

/// Whether a gateway of this vendor can read its key from a header field of this name.
///
/// # Errors
///
/// Why not.
pub fn check(vendor: Vendor, header: &str, field: &str) -> Result<(), FieldError> {
    let invalid = |detail: &str| {
        Err(FieldError {
            field: field.to_owned(),
            detail: detail.to_owned(),
        })
    };
    if vendor == Vendor::MuleSoft {
        return invalid("MuleSoft reads client_id and client_secret, and nothing else can be chosen");
    }
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if header.is_empty() || header.len() > HEADER_MAX_BYTES || !header.bytes().all(is_token) {
        return invalid("expected the name of a header field, of at most 64 characters");
    }
    if TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(header)) {
        return invalid("a header field of this name has another meaning");
    }
    Ok(())
}
