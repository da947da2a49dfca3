//! Following redirects: RFC 9110 §15.4, and what must not follow along.

use http::header::{self, HeaderMap};
use http::{Method, StatusCode};

use crate::error::EgressError;
use crate::request::{Body, Request};
use crate::target::Target;

/// Where an answer leads; none when it is no redirect that can be followed.
pub(crate) fn next(
    target: &Target,
    status: StatusCode,
    fields: &HeaderMap,
    max_url_bytes: usize,
) -> Result<Option<Target>, EgressError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = fields.get(header::LOCATION) else {
        return Ok(None);
    };
    let location =
        std::str::from_utf8(location.as_bytes()).map_err(|_| EgressError::BadRedirect("its Location is no text"))?;
    let next = target.join(location, max_url_bytes)?;
    if target.is_https() && !next.is_https() {
        return Err(EgressError::Downgraded);
    }
    Ok(Some(next))
}

/// Changes the request into the one that follows `status` from `from` to `to`. `stream_sent` says that its body was a
/// stream, which is gone.
pub(crate) fn follow(
    request: &mut Request,
    status: StatusCode,
    from: &Target,
    to: &Target,
    stream_sent: bool,
) -> Result<(), EgressError> {
    let becomes_get = match status {
        StatusCode::SEE_OTHER => request.method != Method::HEAD,
        // RFC 9110 §15.4.2 and §15.4.3 allow it for POST, and everybody does it.
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = Body::Empty;
        request.repeatable = true;
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_LOCATION,
        ] {
            request.fields.remove(name);
        }
    } else if stream_sent {
        return Err(EgressError::BadRedirect("it asks for a body again that was streamed"));
    }
    if !from.has_same_origin(to) {
        for name in [header::AUTHORIZATION, header::COOKIE] {
            request.fields.remove(name);
        }
        for name in std::mem::take(&mut request.secrets) {
            request.fields.remove(name);
        }
    }
    Ok(())
}
