//! Which credential a request carries.

use gatewright_types::access::{AuthType, RouteAccess};
use gatewright_types::credential::{CREDENTIAL_MAX_LENGTH, KeyShape, key_shape};
use gatewright_types::{CredentialHash, ProblemCode};
use http::{HeaderMap, HeaderName, header};

use crate::{Match, Refusal, permit};

static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What is to be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'r> {
    /// A credential, hashed.
    Key(CredentialHash),
    /// A permit's token, not judged yet: [`crate::Snapshot::permit`].
    Permit(&'r [u8]),
}

/// Whether a field's value holds, anywhere, what every key of ours starts with.
///
/// Such a value must not reach an upstream, whatever scheme it stands behind.
pub fn starts_like_our_key(value: &[u8]) -> bool {
    value
        .windows(8)
        .any(|window| window == b"sk_live_" || window == b"sk_test_")
}

/// The credential that a request carries for its route; `None` on a PUBLIC route.
///
/// `X-Api-Key` goes first. Then `Authorization: Bearer` is the upstream's business unless it starts
/// like a key of ours; with both, they have to be the same. A [`permit`] counts where there is neither.
///
/// # Errors
///
/// `ambiguous-request`, `no-credential`, or `credential-unknown` for what cannot be a credential of
/// ours and so needs no look-up.
pub fn credential_ref<'r>(matched: &Match<'_, '_>, headers: &'r HeaderMap) -> Result<Option<Presented<'r>>, Refusal> {
    if matched.route.access == RouteAccess::Public {
        return Ok(None);
    }
    match matched.gateway.auth_type {
        AuthType::ApiKey => api_key(headers).map(Some),
    }
}

fn api_key(headers: &HeaderMap) -> Result<Presented<'_>, Refusal> {
    let named = only_one(headers, &X_API_KEY)?.filter(|value| !value.is_empty());
    let bearer = only_one(headers, &header::AUTHORIZATION)?.and_then(bearer_token);
    let credential = match (named, bearer) {
        (Some(named), Some(bearer)) if key_shape(bearer) != KeyShape::Foreign && named != bearer => {
            return Err(Refusal::ambiguous("X-Api-Key and Authorization carry different keys."));
        }
        (Some(named), _) => named,
        (None, Some(bearer)) => bearer,
        // Only who shows no key pays for a look at this.
        (None, None) => {
            if let Some(token) = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| permit::token(value.as_bytes()))
            {
                return Ok(Presented::Permit(token));
            }
            return Err(Refusal::new(
                ProblemCode::NoCredential,
                "Send an API key in X-Api-Key, or as Authorization: Bearer.",
            ));
        }
    };
    let detail = if credential.len() > CREDENTIAL_MAX_LENGTH {
        "The credential is longer than any of ours."
    } else {
        match key_shape(credential) {
            KeyShape::Intact => {
                return Ok(Presented::Key(CredentialHash::of(credential)));
            }
            KeyShape::Damaged => "The key is incomplete or mistyped: its check digits are wrong.",
            KeyShape::Foreign => "The credential is not of the form of an API key.",
        }
    };
    Err(Refusal::new(ProblemCode::CredentialUnknown, detail))
}

fn only_one<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Result<Option<&'r [u8]>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::ambiguous(format!(
            "The request has more than one {name} field."
        )));
    }
    Ok(first.map(http::HeaderValue::as_bytes))
}

/// The token of `Bearer <token>` (RFC 6750 §2.1; the scheme's case does not matter, RFC 9110 §11.1).
fn bearer_token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}
