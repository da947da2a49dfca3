//! Connections to services: kept per core, used again only for the service they were made for.
//!
//! HTTP/1.1 towards a service is spoken here, without an engine: `outgoing` writes a request, `answer`
//! reads the head of an answer and `incoming` its body, `wire` is the connection and `send` joins
//! them. A request's task reads and writes its connection by itself, so nothing has to be handed over
//! to another task and back, and a head that may have to be sent twice is simply still there. Where
//! this differs from hyper's client is written in `tests/it/differential.rs`, which holds the two
//! against each other.

pub(crate) mod answer;
mod connect;
mod incoming;
mod outgoing;
mod pool;
mod resolve;
mod send;
mod tls;
mod wire;

pub(crate) use incoming::{Ending, Step};
pub(crate) use outgoing::Outgoing;
pub(crate) use pool::{Connection, Upstream, Upstreams};
pub(crate) use send::{Answer, Fault, send};
pub(crate) use tls::Trust;
