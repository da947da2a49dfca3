//! API keys: what gives them their right to exist, and who may use them where.
//!
//! # Invariants
//! * A secret leaves in the answer that made it; kept are its SHA-256, prefix and last four, and, if the
//!   tenant wishes, a sealed copy, which is written and erased in the transaction that makes and ends
//!   the secret ([`sealed`]).
//! * A key lives by its bindings to subscriptions; when the last one ends, the key is revoked in the
//!   same transaction ([`end`]).
//! * Whatever changes who is admitted raises the key's `access_version` and returns the
//!   [`AccessChange`]s that the gateways must be told after the commit and before the answer.
//!   Only `native` calls those functions.
//!
//! Start with [`model`], then [`issue`], [`rotate`], [`status`], [`end`] and [`look_up`];
//! [`leaks`] is about secrets that were found elsewhere.

pub mod change;
pub mod end;
pub mod error;
pub mod issue;
pub mod leaks;
pub mod look_up;
pub mod model;
pub mod rotate;
pub mod sealed;
pub mod settings;
pub mod status;
mod store;

pub use error::CredentialError;
pub use gatewright_snapshot::AccessChange;
