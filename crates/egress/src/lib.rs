//! Outgoing HTTP of the control plane: one client for every address that somebody else chose.
//!
//! A webhook endpoint, an identity provider, a vendor's API: whoever names such an address must not be able to make the
//! control plane talk to itself, to its neighbors or to a cloud's metadata service (server-side request forgery).
//!
//! # Invariants
//! * A connection is made to an address that was judged, never to a name: a name that answers differently the second
//!   time changes nothing ([`address`], [`policy`]).
//! * Every hop of a redirect is a new judgement. Credentials do not follow to another origin, nor to plain http.
//! * Everything ends: each phase, the whole, the head and the body have a named limit ([`limits`]).
//! * An error is words for a person and holds no header, no body and no query ([`error`]).
//!
//! Start with [`client`]; [`target`] reads URLs, [`dial`](crate::client) connects.

pub mod address;
pub mod answer;
pub mod client;
mod connection;
mod dial;
pub mod error;
pub mod limits;
pub mod policy;
mod pool;
mod redirect;
pub mod request;
pub mod resolve;
pub mod target;
pub mod timings;
pub mod trust;

pub use answer::{Answer, Streamed};
pub use client::{Client, Options};
pub use error::{EgressError, Phase, Refusal};
pub use limits::Limits;
pub use policy::{Destination, Opened, Policy};
pub use request::{Body, Overflow, Request};
pub use resolve::{Resolve, SystemResolver};
pub use target::Target;
pub use timings::Timings;
pub use trust::Trust;
