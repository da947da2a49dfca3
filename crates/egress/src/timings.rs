//! Where the time of a request went.

use std::time::Duration;

/// The phases of one exchange; of the last one, where redirects were followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Whether a connection was there already; then the next three are absent.
    pub reused: bool,
    /// Looking up the name; absent where the URL holds an address.
    pub dns: Option<Duration>,
    /// The TCP connection.
    pub connect: Option<Duration>,
    /// The TLS handshake; absent with plain http.
    pub tls: Option<Duration>,
    /// From the request's start to the end of the answer's head.
    pub first_byte: Duration,
    /// From there to the body's end, or to where it was cut.
    pub transfer: Duration,
    /// Everything, waiting for a turn and earlier hops included.
    pub total: Duration,
}
