//! Who may use the API: people with their sessions, operators with their tokens, and whoever runs the installation.
//!
//! # Invariants
//! * Of a token, only its SHA-256 is kept, and of what people see of theirs the last four characters. Of a password, Argon2id.
//! * An installation's token creates and lists tenants; it sees nothing inside of one.
//! * What an operator may do is decided by one table, [`roles`]; a token only narrows it.
//! * Nobody gives what they do not have, and a tenant always has an owner that can act ([`operators`]).
//! * A person belongs to one tenant, and exists only once their mail address was shown to be theirs ([`sign_up`]).
//! * Whoever is unknown is treated as whoever is known, in what is said and in how long it takes ([`sign_in`]).
//! * A session is looked up each time it is shown ([`sessions`]).
//! * Whatever works once is taken by the statement that finds it.
//!
//! Start with [`roles`] and [`authenticate`] for operators' tokens, with [`sign_in`] and [`sessions`] for people.

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
pub mod providers;
pub mod roles;
pub mod second_factors;
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
