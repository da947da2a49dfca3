//! What is sent.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};

use crate::error::EgressError;
use crate::target::Target;
use crate::trust::Trust;

/// Why a streamed body could not be produced.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Sent = UnsyncBoxBody<Bytes, BodyError>;

/// The body of a request.
pub enum Body {
    /// None.
    Empty,
    /// All of it is in memory, so that it can be sent again.
    Whole(Bytes),
    /// Read while it is sent; no redirect that wants it again can be followed.
    Stream(UnsyncBoxBody<Bytes, BodyError>),
}

/// What to do with an answer that is longer than the limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// An error.
    #[default]
    Refuse,
    /// Keep the beginning and say that it was cut.
    Cut,
}

/// A request to an address that somebody else chose. It has no `Debug`: it may hold secrets.
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) fields: HeaderMap,
    pub(crate) secrets: Vec<HeaderName>,
    pub(crate) body: Body,
    pub(crate) max_redirects: Option<usize>,
    pub(crate) max_body_bytes: Option<usize>,
    pub(crate) overflow: Overflow,
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) first_byte_timeout: Option<Duration>,
    pub(crate) repeatable: bool,
    pub(crate) trust: Option<Trust>,
}

/// What the client says itself: framing, connection, host.
const OURS: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    header::PROXY_AUTHORIZATION,
];

impl Request {
    /// A request with nothing in it.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self {
            repeatable: method.is_idempotent(),
            method,
            url: url.into(),
            fields: HeaderMap::new(),
            secrets: Vec::new(),
            body: Body::Empty,
            max_redirects: None,
            max_body_bytes: None,
            overflow: Overflow::Refuse,
            total_timeout: None,
            first_byte_timeout: None,
            trust: None,
        }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// A POST.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, url)
    }

    /// Sets a header field.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields.insert(name, value);
        self
    }

    /// Sets a header field that must not follow to another origin. `Authorization` and `Cookie` never do.
    #[must_use]
    pub fn secret_field(mut self, name: HeaderName, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.secrets.push(name.clone());
        self.field(name, value)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Follows fewer redirects than the client's limit; with 0 the redirect itself is the answer.
    #[must_use]
    pub fn max_redirects(mut self, most: usize) -> Self {
        self.max_redirects = Some(most);
        self
    }

    /// Sets the longest body that is accepted, and what to do with a longer one.
    #[must_use]
    pub fn max_body_bytes(mut self, most: usize, overflow: Overflow) -> Self {
        self.max_body_bytes = Some(most);
        self.overflow = overflow;
        self
    }

    /// Sets how long all of it may take.
    #[must_use]
    pub fn total_timeout(mut self, longest: Duration) -> Self {
        self.total_timeout = Some(longest);
        self
    }

    /// Sets how long sending it and waiting for the answer's head may take.
    #[must_use]
    pub fn first_byte_timeout(mut self, longest: Duration) -> Self {
        self.first_byte_timeout = Some(longest);
        self
    }

    /// Says that it may be sent twice although its method does not promise that (RFC 9110 §9.2.2). Only such a request
    /// uses a connection that rested, which may turn out to be dead.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    /// Trusts these certificate authorities instead of the client's.
    #[must_use]
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    pub(crate) fn check(&self) -> Result<(), EgressError> {
        if self.method == Method::CONNECT || self.method == Method::TRACE {
            return Err(EgressError::InvalidRequest("CONNECT and TRACE are not sent"));
        }
        if OURS.iter().any(|name| self.fields.contains_key(name)) {
            return Err(EgressError::InvalidRequest(
                "it sets a field that the client sets itself",
            ));
        }
        Ok(())
    }

    /// The request of one hop. A streamed body is taken out of it and is gone afterwards.
    pub(crate) fn hop(&mut self, target: &Target) -> Result<request::Request<Sent>, EgressError> {
        let body = match &self.body {
            Body::Empty => Empty::new().map_err(|never| match never {}).boxed_unsync(),
            Body::Whole(bytes) => Full::new(bytes.clone()).map_err(|never| match never {}).boxed_unsync(),
            Body::Stream(_) => match std::mem::replace(&mut self.body, Body::Empty) {
                Body::Stream(stream) => {
                    self.repeatable = false;
                    stream
                }
                Body::Empty | Body::Whole(_) => unreachable!("matched above"),
            },
        };
        let built = request::Request::builder()
            .method(self.method.clone())
            .uri(target.path_and_query())
            .body(body);
        let mut hop = built.map_err(|_| EgressError::InvalidUrl("its path cannot be sent"))?;
        *hop.headers_mut() = self.fields.clone();
        let host = HeaderValue::try_from(target.authority())
            .map_err(|_| EgressError::InvalidUrl("its host cannot be sent"))?;
        hop.headers_mut().insert(header::HOST, host);
        let usual = hop.headers_mut();
        if !usual.contains_key(header::USER_AGENT) {
            usual.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        }
        // Nothing is decompressed here, so that no small answer becomes a large one.
        if !usual.contains_key(header::ACCEPT_ENCODING) {
            usual.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(hop)
    }
}

const USER_AGENT: &str = concat!("gatewright/", env!("CARGO_PKG_VERSION"));
