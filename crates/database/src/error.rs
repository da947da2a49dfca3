//! What can go wrong on the way to the database.

/// Every domain's errors wrap this one.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A query failed, or the connection did.
    #[error("database: {0}")]
    Query(#[from] sqlx::Error),
    /// A migration failed.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Vault(#[from] gatewright_vault::VaultError),
    /// This process was opened without master keys.
    #[error("this process has no master key")]
    NoMasterKey,
    /// The master key that this process wraps with is not one of this database's.
    #[error("the master key {0} was removed from this database; another one stands in the ring by now")]
    MasterKeyGone(gatewright_vault::MasterKeyId),
    /// The pool's role could walk through the wall between tenants.
    #[error("the database role {role:?} {why}; tenants would not be walled off from each other")]
    UnsafeRole {
        /// Who the pool runs as.
        role: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl DatabaseError {
    /// Whether the database was away, busy or out of connections, as opposed to a mistake of ours.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Query(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
            // Class 53: insufficient resources, 57: operator intervention, 55P03: lock not available
            // (PostgreSQL, appendix A).
            Self::Query(sqlx::Error::Database(error)) => error
                .code()
                .is_some_and(|code| code.starts_with("53") || code.starts_with("57") || code == "55P03"),
            _ => false,
        }
    }
}

/// The constraint that `error` broke, when it is a broken unique constraint.
pub fn broken_unique(error: &sqlx::Error) -> Option<&str> {
    let error = error.as_database_error()?;
    if error.is_unique_violation() {
        error.constraint()
    } else {
        None
    }
}
