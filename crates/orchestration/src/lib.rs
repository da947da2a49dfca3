//! One operation, every gateway: what connected gateways are to have of each subscription, and getting it there.
//!
//! # Invariants
//! * What is desired is decided by our own tables alone, in one transaction with what a person asked for; what a gateway
//!   has is only ever observed. A row of `applications` is due until both agree ([`mod@converge`]).
//! * Nothing is sent before the transaction that intends it has committed; nothing is revealed before the gateway that has to
//!   confirm first was read back as desired ([`provision`]).
//! * What ends somebody's access goes first, past an open circuit breaker, and is tried for ever. Nothing else is sent while
//!   a breaker is open ([`breaker`]), and nothing at all faster than a gateway's rate (`gate.rs`).
//! * No request waits for a gateway other than those that have to confirm first.
//!
//! Start with [`plan`], which is pure, then [`mod@converge`], `settle.rs` and [`engine`]; [`access`] is what others call.
//! What was tried is [`history`], counted by [`statistics`]; what waits for a person, [`dead_letters`]. They decide nothing.

pub mod access;
pub mod adoption;
pub mod breaker;
pub mod calling;
mod choose;
pub mod connections;
pub mod converge;
pub mod dead_letters;
pub mod desired;
pub mod emergency;
pub mod engine;
pub mod error;
pub mod figures;
mod fit;
mod gate;
pub mod history;
mod honor;
pub mod housekeeping;
pub mod mappings;
pub mod model;
pub mod offers;
pub mod plan;
pub mod products;
pub mod provision;
pub mod runs;
mod secrets;
mod serial;
mod settle;
pub mod statistics;
mod store;
pub mod sweep;
pub mod view;

pub use engine::Orchestrator;
pub use error::OrchestrationError;
pub use gatewright_connectors::Fault;
