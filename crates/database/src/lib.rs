//! The only way to PostgreSQL.
//!
//! # Invariants
//! * A query runs in a [`TenantTx`], which sees one tenant's rows, or in a [`SystemTx`], whose every
//!   use stands in [`system`]. Row-level security holds the wall, not the WHERE clauses.
//! * The pool runs as a role that owns nothing and cannot bypass the wall; [`Database::open`]
//!   refuses one that can.
//! * What a use case did is recorded with [`TenantTx::happened`] or [`TenantTx::changed`]: the audit
//!   row and the outbox event are written by the same commit as its own rows, or not at all.
//! * Secrets that are needed again are sealed with the tenant's data key ([`TenantTx::seal`]); the
//!   master keys that wrap data keys never come here, only their names ([`master_keys`]).
//! * Audit rows are chained by hash ([`audit`]), and no role of ours can change one.
//!
//! Start with [`transaction`]; [`jobs`] is the work that outlives a request; [`embedded`] runs a private PostgreSQL
//! where none is configured; [`backup`] copies one and brings it back.

pub mod audit;
pub mod backup;
pub mod csv;
pub mod embedded;
pub mod error;
pub mod housekeeping;
pub mod idempotency;
pub mod jobs;
pub mod listener;
pub mod master_keys;
pub mod page;
pub mod pool;
pub mod record;
pub mod sealing;
pub mod system;
pub mod transaction;

pub use error::DatabaseError;
pub use listener::{Listener, Notification};
pub use page::{Page, PageRequest};
pub use pool::{Connections, Database, Level, migrate, newest_level};
pub use record::{Actor, Caller, INSTALLATION, Origin, Refused};
pub use sealing::Vault;
pub use system::{SystemTx, SystemUse};
pub use transaction::TenantTx;
