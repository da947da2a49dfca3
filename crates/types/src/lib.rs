//! The words that both planes share, as types without behavior of their own.
//!
//! Everything here is a value: nothing opens a file, a socket or a connection. Time and randomness
//! come in as [`Clock`] and [`Rng`], so that tests decide both.
//!
//! Start with [`ids`] (every object's name), then [`credential`] (what a caller sends and what we
//! keep of it) and [`problem`] (everything that can go wrong, once).

#[macro_use]
mod text_enum;

pub mod access;
pub mod address;
pub mod clock;
pub mod credential;
pub mod ids;
pub mod money;
pub mod patch;
pub mod problem;
pub mod rng;
pub mod slug;

pub use access::{AuthType, Environment};
pub use clock::Clock;
pub use credential::CredentialHash;
pub use problem::ProblemCode;
pub use rng::Rng;
pub use slug::Slug;

// What the macros of this crate name in the crates that use them.
#[doc(hidden)]
pub use serde;
#[cfg(feature = "sqlx")]
#[doc(hidden)]
pub use sqlx;
#[cfg(feature = "utoipa")]
#[doc(hidden)]
pub use utoipa;

// `text_enum!` writes `gatewright_types::serde`, also in here.
extern crate self as gatewright_types;
