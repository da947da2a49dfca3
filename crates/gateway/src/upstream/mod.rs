//! Connections to services: kept per core, used again only for the service they were made for.

mod connect;
mod pool;
mod resolve;
mod send;
mod tls;

pub(crate) use pool::{Lease, Upstreams};
pub(crate) use send::{Fault, send};
pub(crate) use tls::Trust;
