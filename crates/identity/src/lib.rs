//! Who may use the API: operators of a tenant, and whoever runs the installation.
//!
//! # Invariants
//! * Of a token, only its SHA-256 and last four characters are kept.
//! * An installation's token creates and lists tenants; it sees nothing inside of one.
//!
//! * What an operator may do is decided by one table, [`roles`]; a token only narrows it.
//! * Nobody gives what they do not have, and a tenant always has an owner that can act ([`operators`]).
//!
//! Start with [`roles`], then [`authenticate`].

pub mod account;
pub mod authenticate;
pub mod developers;
pub mod error;
pub mod housekeeping;
pub mod invitations;
pub mod last_use;
pub mod mail_tokens;
pub mod model;
pub mod operators;
pub mod passwords;
pub mod people;
pub mod roles;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod sign_up;
mod store;
pub mod tenants;
pub mod throttle;
pub mod tokens;
pub mod visit;

pub use error::IdentityError;
