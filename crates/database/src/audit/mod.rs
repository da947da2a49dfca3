//! The audit log: who did what, and the proof that it still says what it said.
//!
//! Rows are written by [`crate::record`], in the transaction of what they tell about. Here they are
//! kept free of secrets ([`redact`]), chained by hash ([`mod@seal`]), proven ([`mod@verify`]), read and
//! handed out ([`list`], [`export`]).
//!
//! # What the chain proves
//! A sealed row that was changed, removed, put in or moved is found, unless whoever did it also wrote
//! the whole rest of the chain anew. Against that helps a head (sequence and hash) that is kept
//! somewhere else: `gatewright audit verify` prints it and takes it. What happened in the last second
//! is not sealed yet.

pub mod export;
pub mod list;
pub mod redact;
pub mod row;
pub mod seal;
mod store;
pub mod verify;
