//! Every limit of outgoing requests, by name.

use std::time::Duration;

/// How much of everything is allowed; [`Limits::default`] is what is shipped.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest URL, in bytes.
    pub max_url_bytes: usize,
    /// Longest wait for a name's addresses.
    pub dns_timeout: Duration,
    /// Most addresses of a name that are tried.
    pub max_addresses: usize,
    /// Longest wait for a TCP connection, over all addresses.
    pub connect_timeout: Duration,
    /// Longest TLS handshake.
    pub tls_timeout: Duration,
    /// From the request's start to the end of the answer's head.
    pub first_byte_timeout: Duration,
    /// Longest pause inside an answer's body.
    pub pause_timeout: Duration,
    /// All of it: waiting for a turn, every hop, the body. A request may ask for another one.
    pub total_timeout: Duration,
    /// Longest head of an answer, in bytes.
    pub max_head_bytes: usize,
    /// Most fields of an answer's head.
    pub max_fields: usize,
    /// Longest body of an answer, in bytes, as it comes over the wire: nothing is decompressed. A request may ask for another limit.
    pub max_body_bytes: usize,
    /// Most redirects that are followed. A request may ask for fewer.
    pub max_redirects: usize,
    /// Requests under way at once; more wait, within their total time.
    pub max_in_flight: usize,
    /// Names being looked up at once; more wait. A look-up holds a thread, and giving up does not free it.
    pub max_lookups: usize,
    /// Connections kept while they rest.
    pub max_resting: usize,
    /// How long they may rest.
    pub rest_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_url_bytes: 8 * 1024,
            dns_timeout: Duration::from_secs(5),
            max_addresses: 8,
            connect_timeout: Duration::from_secs(5),
            tls_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(15),
            pause_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(30),
            max_head_bytes: 64 * 1024,
            max_fields: 100,
            max_body_bytes: 1024 * 1024,
            max_redirects: 5,
            max_in_flight: 256,
            max_lookups: 16,
            max_resting: 64,
            rest_timeout: Duration::from_secs(20),
        }
    }
}
