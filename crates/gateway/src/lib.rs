//! The data plane: takes a request, decides with [`gatewright_snapshot`], passes it on.
//!
//! It exists apart from everything else so that nothing of the control plane can slow it down or take
//! it along: it knows snapshots, records of credentials and a queue for questions, and no database.
//!
//! # Invariants
//!
//! * **A core is one thread** with a runtime, a listener, connections to services and knowledge of
//!   credentials of its own. On a request's path there is no lock and no counter that cores share.
//! * **Exactly one framing reaches a service**, written anew by us. What is ambiguous gets at most one
//!   answer, and then its connection ends.
//! * **Nothing that a client sends can say what we say**: the identity fields are removed in every
//!   spelling before ours are set, and no credential of ours goes further than here.
//! * **When [`Gateway::apply`] has returned**, no request that is sent afterwards is admitted by an
//!   older record; a look-up that was under way cannot bring one back.
//! * **A record past its time** is used only where nobody can be asked and the gateway says `SERVE`. That
//!   is decided off the fast path: as long as records are valid, a request does not look at it.
//! * **Everything is bounded by name** ([`Limits`]), every wait ends, and a body is in memory only as
//!   far as a buffer of each connection goes.
//!
//! # A request's life
//!
//! 1. `core` accepts, `connection` lets hyper parse; deadlines are cells in a `vigil`, looked at by
//!    one sweep per core (`ticks`).
//! 2. `exchange` refuses what hyper let through, then asks `match_route` and `credential_ref`.
//! 3. `credentials` knows the record, or asks the control plane once for all who wait.
//! 4. `admit` says yes; `fields` rewrites the head.
//! 5. `upstream` sends it on a connection that rested, or a new one, and reads the answer: hyper serves
//!    clients, but towards services HTTP/1.1 is spoken here.
//! 6. `fields` rewrites the answer's head, `body` streams the rest, and the connection rests again.
//! 7. Whatever failed on the way is a `problem` (RFC 9457), with a code of its own.
//!
//! # What each request costs
//!
//! Four system calls (a read and a write on each side), one SHA-256 of 48 bytes, one look into a
//! router and one into the cache, four readings of the clock, a few additions to counters, no timer,
//! no log line, and no formatting but that of ids.
//! The head towards the service is written once, into memory that is used again, and is still there
//! when it has to be sent a second time. Bodies are passed on as the buffers they were read into. A
//! connection at rest costs about 22 KiB.
//!
//! # What hyper 1.12 does not let us see
//!
//! It drops a Content-Length beside Transfer-Encoding, merges equal ones, accepts a bare LF as a line
//! end and cuts a fragment off a target. So whatever carried Transfer-Encoding is the last request of
//! its connection, and the rest is harmless because every head is written anew. It answers a
//! malformed head itself, with a bare 400 or 431 that is no problem document.
//!
//! Start reading with `gateway`, then `core`, `connection`, `exchange`.

mod body;
mod client;
mod client_io;
mod connection;
mod contact;
mod core;
mod credentials;
mod exchange;
mod fields;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod limits;
mod listen;
mod metrics;
mod plain_io;
mod problem;
mod request_id;
mod ticks;
mod trace;
mod upstream;
mod vigil;

pub use contact::Standing;
pub use credentials::{Lookup, LookupAnswer};
pub use gateway::{Gateway, Options, StartError};
pub use limits::Limits;
pub use metrics::{DURATION_BOUNDS_US, Figures, GatewayFigures};
pub use trace::{Span, Tracing};
