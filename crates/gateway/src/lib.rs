//! The data plane.

mod body;
mod client;
mod client_io;
mod connection;
mod core;
pub mod credentials;
mod exchange;
mod fields;
mod gateway;
pub mod limits;
mod listen;
mod problem;
mod request_id;
mod ticks;
mod upstream;
mod vigil;

pub use credentials::{Lookup, LookupAnswer};
pub use gateway::{Gateway, Options, StartError};
pub use limits::Limits;
