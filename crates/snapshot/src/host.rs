//! Which gateway a request's host names.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use gatewright_types::ProblemCode;
use http::{Version, header};

use crate::Refusal;
use crate::routing::Head;
use crate::snapshot::{Gateway, Snapshot};

/// Whether a text in lower case is a host name that gateways can live below.
pub(crate) fn is_host_name(text: &str) -> bool {
    text.len() <= 253
        && text
            .split('.')
            .all(|label| label.parse::<gatewright_types::Slug>().is_ok())
}

impl Snapshot {
    /// The gateway that a request is for.
    ///
    /// # Errors
    ///
    /// `ambiguous-request` or `no-gateway`.
    pub fn gateway_of(&self, head: &Head<'_>) -> Result<&Gateway, Refusal> {
        let Some(authority) = authority_of(head)? else {
            return self.default_gateway();
        };
        let host = host_of(authority)?;
        let lower = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(host.to_ascii_lowercase())
        } else {
            Cow::Borrowed(host)
        };
        if let Some(slug) = lower.strip_suffix(self.base_domain.as_str()) {
            if slug.is_empty() {
                return self.default_gateway();
            }
            if let Some(&at) = slug.strip_suffix('.').and_then(|slug| self.by_slug.get(slug)) {
                return Ok(&self.gateways[at]);
            }
        }
        if *lower == *"localhost" || lower.starts_with('[') || lower.parse::<IpAddr>().is_ok() {
            return self.default_gateway();
        }
        Err(Refusal::new(ProblemCode::NoGateway, "No gateway answers to this host."))
    }

    fn default_gateway(&self) -> Result<&Gateway, Refusal> {
        self.default.and_then(|at| self.gateways.get(at)).ok_or_else(|| {
            Refusal::new(
                ProblemCode::NoGateway,
                "No gateway is the default: name one in the host, as in acme.example.com.",
            )
        })
    }
}

/// The authority that a head names, in one way only; `None` for HTTP/1.0 without any.
///
/// RFC 9112 §3.2: exactly one Host in HTTP/1.1. With an absolute-form target §3.2.2 has a server
/// ignore Host; whoever is behind us may not, so the two have to agree.
fn authority_of<'a>(head: &Head<'a>) -> Result<Option<&'a str>, Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(Refusal::ambiguous("The request has more than one Host field."));
    }
    let host = match host {
        Some(value) => Some(value.to_str().map_err(|_| bad_host())?),
        None if head.version == Version::HTTP_10 => None,
        None => return Err(Refusal::ambiguous("An HTTP/1.1 request needs a Host field.")),
    };
    let Some(authority) = head.uri.authority() else {
        return Ok(host);
    };
    match head.uri.scheme_str() {
        Some("http" | "https") => {}
        _ => {
            return Err(Refusal::ambiguous(
                "The request target is neither a path nor an http URL.",
            ));
        }
    }
    match host {
        Some(host) if !host.eq_ignore_ascii_case(authority.as_str()) => Err(Refusal::ambiguous(
            "The request target and the Host field name different hosts.",
        )),
        _ => Ok(Some(authority.as_str())),
    }
}

/// The host of an authority, without port and trailing dot; an IPv6 address keeps its brackets.
fn host_of(authority: &str) -> Result<&str, Refusal> {
    let (host, port) = if authority.starts_with('[') {
        let end = authority.find(']').ok_or_else(bad_host)?;
        authority[1..end].parse::<Ipv6Addr>().map_err(|_| bad_host())?;
        authority.split_at(end + 1)
    } else {
        authority.split_at(authority.find(':').unwrap_or(authority.len()))
    };
    let is_port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if !is_port || host.is_empty() || (!host.starts_with('[') && !host.bytes().all(known)) {
        return Err(bad_host());
    }
    Ok(host.strip_suffix('.').unwrap_or(host))
}

fn bad_host() -> Refusal {
    Refusal::ambiguous("The Host field is no host name or address with an optional port.")
}
