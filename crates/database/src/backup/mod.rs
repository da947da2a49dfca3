//! A copy of the whole database in one file, and the way back.
//!
//! # Invariants
//! * A backup is one moment of a database that goes on working: manifest and rows are of one snapshot.
//! * It holds no master key: whoever has the file alone can open nothing that is sealed in it.
//! * A backup that misses rows is refused instead of written ([`BackupError::RowsHidden`]).
//! * Restoring touches nothing before the file is known to be whole and to fit; it deletes nothing. What it
//!   replaces is renamed in the same transaction that puts the new database in its place.
//!
//! The rows are copied by PostgreSQL's own `pg_dump` and `pg_restore`; [`mod@format`] is what lies around them.
//! Start with [`dump()`] and [`restore()`].

pub mod address;
pub mod dump;
pub mod error;
pub mod format;
mod programs;
pub mod restore;

pub use address::Address;
pub use dump::dump;
pub use error::BackupError;
pub use format::Manifest;
pub use restore::{Restored, restore};
