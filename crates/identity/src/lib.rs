//! Who may use the API: operators of a tenant, and whoever runs the installation.
//!
//! # Invariants
//! * Of a token, only its SHA-256 and last four characters are kept.
//! * An installation's token creates and lists tenants; it sees nothing inside of one.
//!
//! * What an operator may is decided by one table, [`roles`].
//!
//! Start with [`roles`], then [`authenticate`].

pub mod authenticate;
pub mod model;
pub mod roles;
mod store;
pub mod tokens;

use gatewright_catalog::CatalogError;
use gatewright_database::DatabaseError;

/// Everything that is refused about identities.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
