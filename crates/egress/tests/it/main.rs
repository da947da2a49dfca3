//! The client against real sockets that mean it badly.
#![allow(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod guard;
mod limits;
mod redirects;
mod reuse;
mod server;
mod tls;
