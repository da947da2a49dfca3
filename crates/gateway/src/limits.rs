//! Every limit of the data plane, by name.

use std::time::Duration;

use gatewright_snapshot::access_change::CREDENTIAL_VALID_MS;

/// How much of everything one core allows; [`Limits::default`] is what is shipped.
///
/// Time limits of services stand with the service, in the snapshot.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Client connections of one core; past it, new ones wait in the listener's queue.
    pub max_connections_per_core: usize,
    /// Longest head of a request, in bytes; a longer one is answered with 431.
    pub max_head_bytes: usize,
    /// From a connection's start, or a head's first byte, to the head's end.
    pub head_timeout: Duration,
    /// Longest rest of a kept connection between two requests.
    pub idle_timeout: Duration,
    /// Longest pause of a client in the middle of a request's body.
    pub body_timeout: Duration,
    /// Longest pause of a client that does not take its answer.
    pub write_timeout: Duration,
    /// How long the control plane's word about a credential stands, and how long without any word from
    /// it a node counts as cut off.
    pub record_valid: Duration,
    /// Longest wait for an answer about a credential.
    pub lookup_timeout: Duration,
    /// Credentials one core remembers.
    pub max_credentials: usize,
    /// Unknown credentials one core remembers; apart, so that invented keys push out only each other.
    pub max_misses: usize,
    /// Look-ups that one core has under way.
    pub max_lookups: usize,
    /// Pushed changes one core keeps apart for a minute. Past it, look-ups are not believed for a
    /// minute (`lookup-unavailable`), because one might bring an older record back.
    pub max_tombstones: usize,
    /// Credentials whose use one core remembers until it is told; the use of further ones is not counted.
    pub max_used: usize,
    /// Connections to one service that one core keeps while they rest.
    pub max_idle_per_service: usize,
    /// Connections to all services that one core keeps while they rest. Busy ones are bounded by
    /// [`Limits::max_connections_per_core`]: a client connection uses at most one at a time.
    pub max_idle_upstream: usize,
    /// Longest rest of a connection to a service.
    pub upstream_idle_timeout: Duration,
    /// How long a resolved name is believed.
    pub dns_valid: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections_per_core: 16_384,
            max_head_bytes: 32 * 1024,
            head_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            record_valid: Duration::from_millis(CREDENTIAL_VALID_MS.unsigned_abs()),
            lookup_timeout: Duration::from_secs(2),
            max_credentials: 131_072,
            max_misses: 16_384,
            max_lookups: 4_096,
            max_tombstones: 65_536,
            max_used: 65_536,
            max_idle_per_service: 128,
            max_idle_upstream: 1_024,
            upstream_idle_timeout: Duration::from_secs(55),
            dns_valid: Duration::from_secs(5),
        }
    }
}

/// How much of a connection is held in memory at once, each way: the longest read, and how much hyper
/// gathers before it waits for the other side. Also the longest head of a service's answer.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;
/// Most fields of a service's answer, and most of its trailers.
pub(crate) const ANSWER_FIELDS: usize = 100;
/// Most interim answers (1xx) before the answer.
pub(crate) const INTERIM_ANSWERS: usize = 16;
/// Longest line with a chunk's size and extensions.
pub(crate) const CHUNK_LINE_BYTES: usize = 4 * 1024;
/// Longest trailers of an answer.
pub(crate) const TRAILER_BYTES: usize = 16 * 1024;
/// Connections that wait to be accepted, per core.
pub(crate) const BACKLOG: i32 = 4_096;
/// Commands that wait for one core.
pub(crate) const COMMANDS: usize = 64;
/// Names one core remembers the addresses of.
pub(crate) const RESOLVED_NAMES: usize = 1_024;
/// How long a refused client may go on sending before the connection is torn down (RFC 9112 §9.6).
pub(crate) const LINGER: Duration = Duration::from_secs(2);
/// How much of it is read and thrown away, in bytes.
pub(crate) const LINGER_BYTES: usize = 256 * 1024;
/// Pause of the accept loop when the process is out of file descriptors.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What `Retry-After` says, in seconds.
pub(crate) const RETRY_AFTER: &str = "1";
