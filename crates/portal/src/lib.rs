//! What a customer's developer reads and tries: API descriptions and their reference, and search over them.
//!
//! # Invariants
//! * What is read is compiled once, when a revision is published: a row for each operation and schema, which a page shows
//!   without asking for more ([`mod@reference`]).
//! * A revision is published as a whole, by one commit, or not at all; one that is bad never takes the place of a good one
//!   ([`import`]).
//! * Of one description one revision is imported at a time, and the newest that was asked for wins.
//! * What is fetched is fetched within what the tenant's outgoing requests may reach, also what a document refers to
//!   (`import/fetch.rs`).
//! * Whoever may not see a description cannot tell that there is one ([`Sees`]).
//!
//! Start with [`model`], then [`specs`] and [`import`]; what is read is [`mod@reference`] and [`search`]; what is
//! tried is [`playground`], and where, [`places`]. SQL is in `store` and `playground/store.rs`.

pub mod error;
pub mod import;
pub mod limits;
pub mod model;
pub mod places;
pub mod playground;
pub mod reference;
pub mod search;
pub mod specs;
mod store;
pub mod yaml;

pub use error::PortalError;

/// Which descriptions somebody may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sees {
    /// Those for everybody.
    Public,
    /// Those for whoever has signed in, too.
    SignedIn,
}
