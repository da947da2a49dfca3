//! For tests only: a whole Gatewright in the test's own process, on real PostgreSQL, driven through
//! its public surfaces.
//!
//! [`TestApp::start`] gives every test a database of its own, cloned from a migrated template, and
//! both listeners on free ports. `scripts/with-postgres.sh` runs the PostgreSQL; `make test` uses it.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "in a test, a panic is the report"
)]

pub mod app;
pub mod database;
pub mod person;
pub mod proxy;
pub mod soft_key;
pub mod tenant;
pub mod upstream;
pub mod wire;

pub use app::{TestApp, manual_clock, settings, working_settings};
pub use person::{PASSWORD, TestPerson};
pub use proxy::Proxy;
pub use soft_key::SoftKey;
pub use tenant::{Subscribed, TestTenant};
pub use upstream::Upstream;
pub use wire::Wire;
