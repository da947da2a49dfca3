//! What is refused about keys.

use gatewright_catalog::CatalogError;
use gatewright_database::DatabaseError;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::KeyId;

/// Everything that is refused about keys, in their own words.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// There is no such key in this tenant.
    #[error("there is no key {0}")]
    NotFound(KeyId),
    /// The key's status does not allow it.
    #[error("the key is {status} and cannot be {wanted}")]
    WrongStatus {
        /// Where it stands.
        status: KeyStatus,
        /// What was to be done with it, as in `rotated`.
        wanted: &'static str,
    },
    /// Somebody else than the key's customer suspended it.
    #[error("the key was suspended by whoever sells this API: ask them to reactivate it")]
    SuspendedByOthers,
    /// A customer has as many keys as it may.
    #[error("a customer has at most {0} keys that are not revoked")]
    TooManyKeysOfCustomer(usize),
    /// The old secret of an earlier rotation is still valid.
    #[error(
        "the key is being rotated: its old secret is valid until {until}; send \"endOverlap\": true to end that now"
    )]
    RotationInProgress {
        /// Until when.
        until: chrono::DateTime<chrono::Utc>,
    },
    /// The subscription has as many keys as it may.
    #[error("a subscription has at most {0} keys that are not revoked")]
    TooManyKeys(usize),
    /// The secret that somebody else made cannot be a key's.
    #[error("the key cannot be adopted: {0}")]
    CannotAdopt(&'static str),
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for CredentialError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
