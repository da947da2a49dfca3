//! Style sheets and scripts, embedded in the program under names that hold their hash.

use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::client::Problem;
use crate::failure::Failure;

/// A file that pages use.
pub struct Asset {
    /// What pages call it, as in `main.css`.
    pub key: &'static str,
    /// Its name, with a hash of the content.
    pub name: &'static str,
    /// The content.
    pub plain: &'static [u8],
    /// The content, compressed with gzip, if it was built.
    pub gzip: Option<&'static [u8]>,
    /// The content, compressed with Brotli, if it was built.
    pub brotli: Option<&'static [u8]>,
}

/// Every file there is.
pub static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// What is under such a name never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Where the file is, if it was built.
pub(crate) fn address(key: &str) -> Option<String> {
    let asset = ASSETS.iter().find(|asset| asset.key == key)?;
    Some(format!("/assets/{}", asset.name))
}

/// `GET /assets/{name}`
pub(crate) async fn show(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| Failure::from(Problem::not_found()))?;
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let accepts = |coding: &str| accepted.is_some_and(|accepted| accepts(accepted, coding));
    let (content, coding) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts("br") => (brotli, Some("br")),
        (_, Some(gzip)) if accepts("gzip") => (gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    let mut response = Body::from(Bytes::from_static(content)).into_response();
    let headers = response.headers_mut();
    let content_type = match asset.name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Ok(response)
}

/// Whether a coding is named and not refused by `q=0` (RFC 9110 §12.5.3).
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused = parts.any(|part| {
            let weight = part.to_ascii_lowercase().replace(' ', "");
            weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32))
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn a_coding_is_used_only_where_it_is_accepted() {
        assert!(accepts("gzip, deflate, br;q=0.9", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("gzip;q=0.000", "gzip"));
        assert!(!accepts("", "gzip"));
    }
}
