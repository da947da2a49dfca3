//! How a page of a reference is sent: compared with what the browser has, and compressed.
//!
//! Only what stands under `/docs` and holds no secret is compressed: a secret beside something that a visitor chose could be
//! guessed from the length (BREACH).

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};
use tower_http::compression::{CompressionLayer, CompressionLevel};

use crate::client::Problem;
use crate::failure::Failure;
use crate::visit::Visit;

/// Longest page that is compared; a description for download is passed on as it is.
const COMPARED_MAX_BYTES: usize = 4 * 1024 * 1024;
/// As good as it gets within a millisecond or two.
const LEVEL: i32 = 5;
/// Asked about each time, and not sent again where it did not change.
pub(crate) const COMPARED: HeaderValue = HeaderValue::from_static("no-cache");
/// The theme and the language of the samples are cookies.
const VARY: HeaderValue = HeaderValue::from_static("Cookie");

/// Compresses what can be, as the browser accepts it.
pub(crate) fn compression() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Precise(LEVEL))
}

/// Gives a page an entity tag of what it says, and answers 304 where the browser has it (RFC 9110 §13.1.2). Pages of somebody
/// who is signed in are kept nowhere.
pub(crate) async fn compare(visit: Visit, request: Request, next: Next) -> Response {
    let asked = request.headers().clone();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK || visit.shows_a_session() || response.headers().contains_key(header::ETAG) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, COMPARED_MAX_BYTES).await else {
        return Failure::from(Problem::of(500, "internal", "The page is too long.")).into_response();
    };
    let digest = Sha256::digest(&bytes);
    let hash = digest
        .iter()
        .take(16)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let tag = format!("W/\"{hash}\"");
    let known = is_known(&asked, &tag);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    parts.headers.insert(header::CACHE_CONTROL, COMPARED);
    parts.headers.append(header::VARY, VARY);
    if known {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let lines = asked.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}
