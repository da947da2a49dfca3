//! Native gateways: what they route, who may call them, and telling their nodes.
//!
//! # Invariants
//! * A gateway's configuration is judged as a whole before it is committed ([`configuration::judge`]),
//!   so that the snapshot of all gateways can always be compiled.
//! * This crate (later: `orchestration`) is the only one that moves a subscription or a key into a
//!   state that changes who is admitted ([`access`]). The nodes are told by the commit and before the
//!   answer ([`Nodes::commit`]).
//! * An API consumer is a customer with an implicit subscription to its gateway's built-in plan: there
//!   is one kind of credential.
//!
//! Start with [`model`], then [`access`] and [`nodes`].

pub mod access;
pub mod configuration;
pub mod consumers;
pub mod error;
pub mod gateways;
pub mod model;
pub mod nodes;
pub mod routes;
pub mod services;
mod store;
pub mod uses;
pub mod verify;

pub use error::NativeError;
pub use nodes::Nodes;
