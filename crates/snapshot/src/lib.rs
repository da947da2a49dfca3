//! What a gateway node is told, and the pure decisions on it.
//!
//! This crate exists so that everything that decides who is admitted where can be tested, fuzzed and
//! reused under another protocol engine: it opens no socket, reads no clock and knows no database.
//!
//! Invariants:
//!
//! * A [`Snapshot`] is valid or does not exist: [`Snapshot::compile`] refuses the whole of a bad one.
//! * What is matched is what the upstream sees: the path is normalized once ([`path`]), and both the
//!   router and the target are fed from that one text.
//! * A decision is an `Ok` or a [`Refusal`] with a code of its own; none of them panics on any bytes.
//!
//! A request's life, in this crate:
//!
//! 1. [`match_route`] finds gateway and route from the head alone;
//! 2. [`credential_ref`] says which credential the head carries, if the route asks for one;
//! 3. (the caller looks the credential up; of a [`permit`] it first asks [`Snapshot::permit`] which one)
//! 4. [`admit`] judges the credential's record;
//! 5. [`Match::render_target`] writes what goes into the request line to the upstream.
//!
//! Start reading with [`config`] (what travels), then `compile`, `routing`, `presented`, `admission`.

pub mod access_change;
mod admission;
mod compile;
pub mod config;
pub mod credential;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod host;
pub mod path;
pub mod permit;
mod presented;
pub mod protocol;
mod refusal;
mod routers;
mod routing;
mod service;
mod snapshot;
pub mod target_url;
pub mod template;
mod trie;

pub use access_change::AccessChange;
pub use admission::{Admitted, Place, admit, admit_at};
pub use compile::{CompileError, GatewayFault, judge_gateway};
pub use credential::{Credential, Grant, Scope};
pub use presented::{Presented, credential_ref, starts_like_our_key};
pub use refusal::Refusal;
pub use routing::{Head, Match, match_route};
pub use service::{Service, ServiceIdentity};
pub use snapshot::{Gateway, Route, Snapshot};
