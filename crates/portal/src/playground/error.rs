//! What the playground refuses. A call that was made and failed is none of this: it is a run with a failure.

use gatewright_catalog::CatalogError;
use gatewright_credentials::CredentialError;
use gatewright_database::DatabaseError;
use gatewright_native::NativeError;
use gatewright_notify::NotifyError;
use gatewright_orchestration::OrchestrationError;
use gatewright_types::problem::FieldError;

/// Everything that is refused about calls from the portal.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// The product cannot be called there.
    #[error("the product cannot be called on gateway {0}")]
    NoSuchPlace(String),
    /// What was filled in cannot be sent.
    #[error("some values cannot be sent")]
    Invalid(Vec<FieldError>),
    /// The key does not fit the gateway.
    #[error("{0}")]
    WrongKey(&'static str),
    /// Nobody knows the key's secret.
    #[error("Nobody knows this key's secret any more. Rotate the key, then try again.")]
    NeedsRotation,
    /// Too many calls are under way.
    #[error("too many calls are under way; wait for one to end")]
    Busy,
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What is refused about keys.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// What is refused about native gateways.
    #[error(transparent)]
    Native(#[from] NativeError),
    /// What is refused about connected gateways.
    #[error(transparent)]
    Orchestration(#[from] OrchestrationError),
    /// What is refused about destinations.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for PlaygroundError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
