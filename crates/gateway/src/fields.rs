//! Header fields on their way through, in both directions.
//!
//! The order matters: first goes what the client's `Connection` names, then what a client must not
//! say, and only then comes what we say. So nothing that a client sends can remove or double ours.

use gatewright_snapshot::{permit, starts_like_our_key};
use gatewright_types::ids::{ConsumerId, CustomerId, KeyId, SubscriptionId};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::trace::{Sampled, TRACEPARENT, TRACESTATE};

pub(crate) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What only we may say about a request, in any spelling.
const OUR_PREFIX: &[u8] = b"x-gatewright-";
/// Fields that a server may read under another spelling of their name (CGI maps every character
/// that is no letter or digit to an underscore, RFC 3875 §4.1.18).
const GUARDED: [&str; 7] = [
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "content-length",
    "transfer-encoding",
];
/// What a client's `Connection` cannot remove: the upstream, or somebody before us, depends on it
/// (RFC 9110 §7.6.1 forbids naming a field that all recipients need).
const NOT_HOP_BY_HOP: [&str; 12] = [
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];
/// Cookies of our own pages: cookies ignore ports, so a browser also sends them here.
const OUR_COOKIES: [&str; 2] = ["gatewright_", "gatewright-"];

/// How a body is framed towards the upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body. A `Content-Length: 0` stays.
    None,
    /// As many bytes.
    Length(u64),
    /// Chunked.
    Chunked,
}

/// What is said to the upstream about a request.
pub(crate) struct Forwarding<'a> {
    /// The service's `Host`.
    pub(crate) host: &'a HeaderValue,
    /// The client's address.
    pub(crate) client: &'a HeaderValue,
    /// The request's id.
    pub(crate) request_id: &'a HeaderValue,
    /// On whose behalf; `None` on a PUBLIC route.
    pub(crate) caller: Option<Caller>,
    /// How the body is framed.
    pub(crate) framing: Framing,
    /// The trace that it is part of, when we record ours.
    pub(crate) sampled: Option<&'a Sampled>,
}

/// On whose behalf a request goes on.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// The customer.
    pub(crate) customer: CustomerId,
    /// The subscription.
    pub(crate) subscription: SubscriptionId,
    /// The key.
    pub(crate) key: KeyId,
    /// The API consumer, if it is one.
    pub(crate) consumer: Option<ConsumerId>,
    /// Whether a permit was sent instead of the key: somebody tries the API out.
    pub(crate) is_permitted: bool,
}

/// Takes out of a request's fields what the upstream must not get from the client.
pub(crate) fn strip_request(fields: &mut HeaderMap, is_secure: bool) {
    let wants_trailers = fields.get_all(header::TE).iter().any(|value| names(value, "trailers"));
    remove_named_by_connection(fields);
    remove_doomed(fields);
    remove_credentials(fields, is_secure);
    if fields.contains_key(header::COOKIE) {
        remove_our_cookies(fields);
    }
    if wants_trailers {
        // RFC 9110 §10.1.4: TE is hop-by-hop, and this hop passes trailers on.
        fields.insert(header::TE, HeaderValue::from_static("trailers"));
        fields.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

/// Writes a stripped request's fields and what we say about it. Whatever of that the client said is left out.
pub(crate) fn write(head: &mut Vec<u8>, fields: &HeaderMap, forwarding: &Forwarding<'_>) {
    let mut line = |name: &str, value: &[u8]| {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    };
    line("host", forwarding.host.as_bytes());
    for (name, value) in fields {
        if !is_said_by_us(name) && !forwarding.sampled.is_some_and(|sampled| is_of_trace(name, sampled)) {
            line(name.as_str(), value.as_bytes());
        }
    }
    // Exactly one framing reaches the upstream, written anew (RFC 9112 §6.1, §6.3).
    match forwarding.framing {
        Framing::None if fields.contains_key(header::CONTENT_LENGTH) => line("content-length", b"0"),
        Framing::None => {}
        Framing::Length(length) => line("content-length", length.to_string().as_bytes()),
        Framing::Chunked => line("transfer-encoding", b"chunked"),
    }
    if let Some(host) = fields.get(header::HOST) {
        line("x-forwarded-host", host.as_bytes());
    }
    line("x-forwarded-proto", b"http");
    match chain(fields, forwarding.client) {
        None => line("x-forwarded-for", forwarding.client.as_bytes()),
        Some(chain) => line("x-forwarded-for", &chain),
    }
    if let Some(sampled) = forwarding.sampled {
        line("traceparent", sampled.text().as_bytes());
    }
    line("x-request-id", forwarding.request_id.as_bytes());
    if let Some(caller) = forwarding.caller {
        line("x-gatewright-customer", &caller.customer.text());
        line("x-gatewright-subscription", &caller.subscription.text());
        line("x-gatewright-key-id", &caller.key.text());
        if let Some(consumer) = caller.consumer {
            line("x-gatewright-consumer", &consumer.text());
        }
        if caller.is_permitted {
            line("x-gatewright-source", permit::SOURCE.as_bytes());
        }
    }
}

/// What [`write`] says itself, beside what [`strip_request`] has removed.
fn is_said_by_us(name: &HeaderName) -> bool {
    match *name {
        header::HOST | header::CONTENT_LENGTH | header::TRANSFER_ENCODING => true,
        _ => [&X_FORWARDED_FOR, &X_FORWARDED_HOST, &X_FORWARDED_PROTO, &X_REQUEST_ID].contains(&name),
    }
}

/// What a caller said about the trace and does not hold behind us.
fn is_of_trace(name: &HeaderName, sampled: &Sampled) -> bool {
    name == TRACEPARENT || (name == TRACESTATE && !sampled.goes_on)
}

/// Turns the fields of an answer into those that the client gets.
pub(crate) fn rewrite_response(fields: &mut HeaderMap) {
    remove_named_by_connection(fields);
    if fields.remove(header::TRANSFER_ENCODING).is_some() {
        // RFC 9112 §6.3: Transfer-Encoding overrides Content-Length, and only one may go on.
        fields.remove(header::CONTENT_LENGTH);
    }
    let mut doomed = Vec::new();
    for name in fields.keys() {
        if is_hop_by_hop(name) {
            doomed.push(name.clone());
        }
    }
    for name in doomed {
        fields.remove(name);
    }
}

/// Takes out of a request's trailers what would not have been let through in its head.
///
/// A server may merge trailers into the head (RFC 9110 §6.5.1 warns of it).
pub(crate) fn clean_trailers(trailers: &mut HeaderMap) {
    remove_doomed(trailers);
    for name in GUARDED.into_iter().chain(NOT_HOP_BY_HOP) {
        trailers.remove(name);
    }
}

fn names(value: &HeaderValue, wanted: &str) -> bool {
    value
        .to_str()
        .is_ok_and(|text| text.split(',').any(|token| token.trim().eq_ignore_ascii_case(wanted)))
}

fn remove_named_by_connection(fields: &mut HeaderMap) {
    let mut lines = fields.get_all(header::CONNECTION).iter();
    let Some(first) = lines.next() else {
        return;
    };
    let is_plain = |value: &[u8]| value.eq_ignore_ascii_case(b"keep-alive") || value.eq_ignore_ascii_case(b"close");
    if lines.next().is_some() || !is_plain(first.as_bytes()) {
        let lines: Vec<HeaderValue> = fields.get_all(header::CONNECTION).iter().cloned().collect();
        for token in lines
            .iter()
            .flat_map(|line| line.as_bytes().split(|&byte| byte == b','))
        {
            let token = token.trim_ascii().to_ascii_lowercase();
            if let Ok(name) = HeaderName::from_lowercase(&token)
                && !NOT_HOP_BY_HOP.contains(&name.as_str())
            {
                fields.remove(name);
            }
        }
    }
    fields.remove(header::CONNECTION);
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    match *name {
        header::TE | header::UPGRADE | header::PROXY_AUTHORIZATION | header::TRANSFER_ENCODING => true,
        _ => matches!(name.as_str(), "keep-alive" | "proxy-connection" | "http2-settings"),
    }
}

fn remove_doomed(fields: &mut HeaderMap) {
    let mut doomed = Vec::new();
    for name in fields.keys() {
        // We answer Expect ourselves, by reading the body or not (RFC 9110 §10.1.1).
        // We speak X-Forwarded-*: a `Forwarded` (RFC 7239) beside it would be the caller's word against ours.
        let unanswered = *name == header::EXPECT || *name == header::FORWARDED;
        if is_hop_by_hop(name) || unanswered || is_spoofed(name.as_str()) {
            doomed.push(name.clone());
        }
    }
    for name in doomed {
        fields.remove(name);
    }
}

/// Whether a name is, in whatever spelling, one that only we may use.
fn is_spoofed(name: &str) -> bool {
    let bytes = name.as_bytes();
    if !matches!(bytes.first(), Some(b'x' | b'c' | b't')) {
        return false;
    }
    let reads_as = |wanted: &[u8]| {
        let mapped = |byte: u8| {
            if byte.is_ascii_alphanumeric() {
                byte.to_ascii_lowercase()
            } else {
                b'-'
            }
        };
        bytes.iter().zip(wanted).all(|(&byte, &wanted)| mapped(byte) == wanted)
    };
    if bytes.len() >= OUR_PREFIX.len() && reads_as(OUR_PREFIX) {
        return true;
    }
    GUARDED
        .iter()
        .any(|guarded| guarded.len() == name.len() && *guarded != name && reads_as(guarded.as_bytes()))
}

/// A secret of ours goes no further than here, whatever the route asked for.
fn remove_credentials(fields: &mut HeaderMap, is_secure: bool) {
    let is_ours = |name: &HeaderName| {
        fields
            .get_all(name)
            .iter()
            .any(|value| starts_like_our_key(value.as_bytes()) || permit::token(value.as_bytes()).is_some())
    };
    let (key, authorization) = (is_secure || is_ours(&X_API_KEY), is_ours(&header::AUTHORIZATION));
    if key {
        fields.remove(&X_API_KEY);
    }
    if authorization {
        fields.remove(header::AUTHORIZATION);
    }
}

fn remove_our_cookies(fields: &mut HeaderMap) {
    let is_ours = |pair: &[u8]| {
        let pair = pair.trim_ascii();
        let name = pair
            .strip_prefix(b"__Host-")
            .or_else(|| pair.strip_prefix(b"__Secure-"))
            .unwrap_or(pair);
        OUR_COOKIES.iter().any(|ours| name.starts_with(ours.as_bytes()))
    };
    let semicolon = |&byte: &u8| byte == b';';
    let lines = || fields.get_all(header::COOKIE).iter();
    if !lines().any(|line| line.as_bytes().split(semicolon).any(is_ours)) {
        return;
    }
    let kept: Vec<Vec<u8>> = lines()
        .map(|line| {
            let pairs: Vec<&[u8]> = line.as_bytes().split(semicolon).filter(|pair| !is_ours(pair)).collect();
            pairs.join(&b';').trim_ascii().to_vec()
        })
        .filter(|line| !line.is_empty())
        .collect();
    fields.remove(header::COOKIE);
    for line in kept {
        if let Ok(value) = HeaderValue::from_bytes(&line) {
            fields.append(header::COOKIE, value);
        }
    }
}

/// `X-Forwarded-For` with the client at its end; `None` when nobody stands before it.
fn chain(fields: &HeaderMap, client: &HeaderValue) -> Option<Vec<u8>> {
    let mut earlier = fields.get_all(&X_FORWARDED_FOR).iter().peekable();
    earlier.peek()?;
    let mut chain = Vec::new();
    for value in earlier {
        chain.extend_from_slice(value.as_bytes());
        chain.extend_from_slice(b", ");
    }
    chain.extend_from_slice(client.as_bytes());
    Some(chain)
}
