//! The REST API: everything that the pages and command-line tools do goes through here.
//!
//! # Invariants
//! * Every operation stands once in [`operations::router`], with its own file and its entry in our
//!   OpenAPI document.
//! * Every operation but the description itself asks for a token with the permission that [`access`]
//!   names, before its body is read; tests walk the document.
//! * Every mutation is one [`work::Work`]: one transaction with audit row, event and the answer for its
//!   `Idempotency-Key`; after the commit the gateways are told, before the request is answered. A
//!   caller that hangs up meanwhile changes nothing of that ([`mod@router`]).
//! * Whatever is refused is an RFC 9457 problem with a code that has a page.
//!
//! Start with [`mod@router`], then [`work`] and any file of `operations`.

pub mod access;
mod answer;
mod cookies;
pub mod error;
pub mod extract;
mod factors;
mod identity_providers;
pub mod letters;
pub mod lists;
mod mailbox;
mod node_protocol;
pub mod openapi;
pub mod operations;
mod order;
pub mod places;
pub mod portals;
mod precondition;
pub mod principal;
pub mod reveal;
pub mod roles;
pub mod router;
pub mod state;
mod unfinished;
mod visitor;
pub mod work;

pub use router::{Answered, router};
pub use state::ApiState;
