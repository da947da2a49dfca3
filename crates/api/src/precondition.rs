//! Two people who edit one object: strong entity tags (RFC 9110 §8.8.3) and `If-Match` (§13.1.1).
//!
//! A tag is a digest of the very bytes that `GET` answers. So it changes with everything that can be seen
//! of an object, also when two changes fall into one millisecond of `updatedAt`. Left out is what moves without anybody
//! editing ([`Editable`]).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use gatewright_catalog::branding::Branding;
use gatewright_catalog::model::{Contract, Customer, Plan, Product};
use gatewright_native::model::{Route, Service};
use gatewright_notify::destinations::OutgoingDestinations;
use gatewright_orchestration::breaker::BreakerState;
use gatewright_orchestration::model::Connection;
use gatewright_portal::model::ApiSpec;
use gatewright_types::ProblemCode;
use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::lists::Hosted;

/// Bytes of the digest that a tag shows: 128 bits, which nobody meets by chance.
const TAG_BYTES: usize = 16;

/// An object that people edit.
pub(crate) trait Editable: Serialize {
    /// The bytes that its tag is of: all that somebody who edits it has to have seen.
    fn version(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

impl Editable for Branding {}
impl Editable for Contract {}
impl Editable for Customer {}
impl Editable for Hosted {}
impl Editable for OutgoingDestinations {}
impl Editable for Plan {}
impl Editable for Product {}
impl Editable for Route {}
impl Editable for Service {}

impl Editable for Connection {
    /// Its circuit breaker moves with every call, and is nobody's edit.
    fn version(&self) -> serde_json::Result<Vec<u8>> {
        let still = Self {
            breaker: BreakerState::Closed,
            retry_at: None,
            succeeded_at: None,
            ..self.clone()
        };
        serde_json::to_vec(&still)
    }
}

impl Editable for ApiSpec {
    /// Imports and looks at its source come and go by themselves, and are nobody's edit.
    fn version(&self) -> serde_json::Result<Vec<u8>> {
        let still = Self {
            synced_at: None,
            sync_failed_at: None,
            sync_failures: 0,
            sync_error: None,
            next_sync_at: None,
            published: None,
            latest: None,
            ..self.clone()
        };
        serde_json::to_vec(&still)
    }
}

/// What `GET` answers of an object that can be edited: JSON with its entity tag.
pub(crate) struct Tagged<T>(pub(crate) T);

impl<T: Editable> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let (Ok(bytes), Ok(version)) = (serde_json::to_vec(&self.0), self.0.version()) else {
            return ApiError::new(ProblemCode::Internal, "The answer cannot be written.").into_response();
        };
        let tag = tag(&version);
        let mut response = Response::new(Body::from(bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        set(headers, &tag);
        response
    }
}

/// Says which version of the object an answer shows.
pub(crate) fn set(headers: &mut HeaderMap, tag: &str) {
    if let Ok(value) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, value);
    }
}

/// The entity tag of a representation.
pub(crate) fn tag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest
        .iter()
        .take(TAG_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{hex}\"")
}

/// The versions that a request was made for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// `*`: any, as long as there is one.
    Any,
    /// One of these, as they stand in the header. A weak one is kept and never matches.
    Tags(Vec<String>),
}

impl IfMatch {
    /// Reads the header, which may come in several lines.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| malformed())?;
            if text.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            parse(text, &mut tags).ok_or_else(malformed)?;
        }
        Ok((headers.contains_key(header::IF_MATCH)).then_some(Self::Tags(tags)))
    }

    /// Fails when the object is another than the one that the request was made for.
    pub(crate) fn require(&self, current: &impl Editable) -> Result<(), ApiError> {
        let Self::Tags(tags) = self else { return Ok(()) };
        let bytes = current
            .version()
            .map_err(|_| ApiError::new(ProblemCode::Internal, "The object cannot be written."))?;
        if tags.contains(&tag(&bytes)) {
            return Ok(());
        }
        Err(ApiError::new(
            ProblemCode::PreconditionFailed,
            "The object has changed since it was read: read it again, and send its new `ETag` as `If-Match`.",
        ))
    }
}

/// A list of entity tags (RFC 9110 §8.8.3); a tag may itself hold commas.
fn parse(text: &str, tags: &mut Vec<String>) -> Option<()> {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let opaque = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let end = opaque.find('"')?;
        let length = rest.len() - opaque.len() + end + 1;
        tags.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    Some(())
}

fn malformed() -> ApiError {
    ApiError::new(
        ProblemCode::InvalidRequest,
        "`If-Match` is `*` or the `ETag` of an answer, in its double quotes.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Editable for serde_json::Value {}

    fn read(lines: &[&str]) -> Option<Option<IfMatch>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_str(line).unwrap());
        }
        IfMatch::read(&headers).ok()
    }

    #[test]
    fn if_match_is_read_as_rfc_9110_writes_it() {
        let tags = |tags: &[&str]| Some(Some(IfMatch::Tags(tags.iter().map(|&tag| tag.to_owned()).collect())));
        assert_eq!(read(&[]), Some(None));
        assert_eq!(read(&["*"]), Some(Some(IfMatch::Any)));
        assert_eq!(
            read(&["\"a,b\" ,\"c\"", "W/\"d\""]),
            tags(&["\"a,b\"", "\"c\"", "W/\"d\""])
        );
        for bad in ["abc", "\"abc", "\"a\" \"b\"", "w/\"a\"", "\"a\", *"] {
            assert!(read(&[bad]).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_the_strong_tag_of_the_current_bytes_matches() {
        let current = serde_json::json!({"a": 1});
        let now = tag(b"{\"a\":1}");
        let judge = |tags: &[String]| IfMatch::Tags(tags.to_vec()).require(&current).is_ok();
        assert!(judge(&[tag(b"other"), now.clone()]));
        assert!(!judge(&[format!("W/{now}")]), "a weak tag never matches");
        assert!(!judge(&[]) && !judge(&[tag(b"other")]));
    }
}
