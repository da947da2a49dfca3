//! What native gateways refuse.

use gatewright_catalog::CatalogError;
use gatewright_credentials::CredentialError;
use gatewright_database::DatabaseError;
use gatewright_snapshot::GatewayFault;

/// Everything that is refused about native gateways.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// As in `route`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// The slug is a host already.
    #[error("the slug {0:?} is taken")]
    SlugTaken(String),
    /// Another service of the gateway has this name.
    #[error("the gateway has another service named {0:?}")]
    ServiceNameTaken(String),
    /// The gateway would contradict itself.
    #[error("{0}")]
    Contradiction(Box<GatewayFault>),
    /// The gateways cannot be told to a node together.
    #[error("the configuration of all gateways is refused: {0}")]
    Uncompilable(String),
    /// The code was used, is too old, or was never given out.
    #[error("this code was used, is older than 15 minutes, or was never given out")]
    EnrollmentCode,
    /// Others still need it.
    #[error("{0}")]
    InUse(&'static str),
    /// A named limit is reached.
    #[error("at most {max} {what}")]
    LimitReached {
        /// How many.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What is refused about keys.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for NativeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl NativeError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}
