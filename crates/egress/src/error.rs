//! What can go wrong with an outgoing request, in words for whoever named the address.
//!
//! No text holds a header, a body, a path or a query: those may be secret.

use std::net::IpAddr;
use std::time::Duration;

use crate::address::AddressKind;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// The text is no URL that could be asked.
    #[error("the URL cannot be used: {0}")]
    InvalidUrl(&'static str),
    /// The request itself cannot be sent, by a mistake of the caller.
    #[error("the request cannot be sent: {0}")]
    InvalidRequest(&'static str),
    /// The policy does not allow it.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// No such name, or it has no address.
    #[error("the name {0} has no address")]
    NameNotFound(String),
    /// The name's servers could not be asked.
    #[error("the name {0} cannot be looked up right now")]
    LookupFailed(String),
    /// Nobody listens there.
    #[error("nothing accepts connections on port {port} of {host}")]
    ConnectionRefused {
        /// The host of the URL.
        host: String,
        /// Its port.
        port: u16,
    },
    /// The network does not lead there.
    #[error("{0} cannot be reached")]
    Unreachable(String),
    /// The other side is not who it should be, or speaks no TLS that is acceptable.
    #[error("no trusted TLS connection with {host}: {why}")]
    Untrusted {
        /// The host of the URL.
        host: String,
        /// What is wrong.
        why: String,
    },
    /// It took too long.
    #[error("timed out after {} ms while {phase}", .after.as_millis())]
    TimedOut {
        /// Where it hung.
        phase: Phase,
        /// The limit.
        after: Duration,
    },
    /// What came back is no HTTP/1 answer.
    #[error("the answer is not HTTP/1.1")]
    NotHttp,
    /// The connection ended before the answer did.
    #[error("the connection ended before the answer was complete")]
    BrokenOff,
    /// The answer's head is longer, or has more fields, than allowed.
    #[error("the answer's head is longer than {max_bytes} bytes or has more than {max_fields} fields")]
    HeadTooLarge {
        /// The limit in bytes.
        max_bytes: usize,
        /// The limit in fields.
        max_fields: usize,
    },
    /// The answer's body is longer than allowed.
    #[error("the answer is longer than {0} bytes")]
    BodyTooLarge(usize),
    /// More redirects than allowed.
    #[error("more than {0} redirects")]
    TooManyRedirects(usize),
    /// A redirect leads from https to http.
    #[error("redirected from https to http")]
    Downgraded,
    /// A redirect's target cannot be used.
    #[error("the redirect cannot be followed: {0}")]
    BadRedirect(&'static str),
}

impl EgressError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn may_pass(&self) -> bool {
        !matches!(
            self,
            Self::InvalidUrl(_) | Self::InvalidRequest(_) | Self::Refused(_) | Self::Downgraded | Self::BadRedirect(_)
        )
    }
}

/// Why the policy does not allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another scheme than http and https.
    #[error("only http and https URLs are asked")]
    Scheme,
    /// Plain http where it is not allowed.
    #[error("plain http is not allowed here; use https")]
    PlainHttp,
    /// A user or password in the URL.
    #[error("a URL with a user or password is not asked")]
    UserInfo,
    /// The port.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// An address that outgoing requests must not reach.
    #[error("{host} is {kind}, and no allow-list opens it")]
    Address {
        /// The host of the URL.
        host: String,
        /// The address that was judged; for logs of the installation, since it may tell of its network.
        address: IpAddr,
        /// What it is.
        kind: AddressKind,
    },
    /// A place that the tenant's own list does not have.
    #[error("{0} is not among the destinations that this tenant allows")]
    NotListed(String),
    /// Gatewright itself.
    #[error("{0} leads back to Gatewright itself")]
    Ourselves(String),
}

/// What was going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for other requests to end.
    Turn,
    /// Looking up the name.
    Dns,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request and waiting for the answer's head.
    FirstByte,
    /// The answer's body.
    Transfer,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Turn => "waiting for other requests",
            Self::Dns => "looking up the name",
            Self::Connect => "connecting",
            Self::Tls => "agreeing on TLS",
            Self::FirstByte => "waiting for the answer",
            Self::Transfer => "reading the answer",
        })
    }
}
