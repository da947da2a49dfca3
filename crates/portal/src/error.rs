//! What is refused about descriptions.

use gatewright_catalog::CatalogError;
use gatewright_database::DatabaseError;
use gatewright_database::jobs::JobError;
use gatewright_notify::NotifyError;
use gatewright_types::problem::FieldError;

/// Everything that is refused here.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// There is no such object in this tenant, or not for whoever asks.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// As in `API description`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Fields that are not acceptable.
    #[error("fields are not acceptable")]
    Invalid(Vec<FieldError>),
    /// Another description has this slug.
    #[error("another API description has the slug {0:?}")]
    SlugTaken(String),
    /// A named limit is reached.
    #[error("at most {max} {what}")]
    LimitReached {
        /// How many.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// The description is uploaded: there is nowhere to fetch it from.
    #[error("the API description has no sourceUrl: upload a document, or set one")]
    NoSource,
    /// A revision that cannot be published again.
    #[error("revision {number} {why}")]
    CannotRollBack {
        /// Its number.
        number: i32,
        /// Why.
        why: &'static str,
    },
    /// A request to look at once that nobody with the secret has signed.
    #[error("the signature is missing, too old or wrong")]
    NotSigned,
    /// Destinations of the tenant cannot be read.
    #[error(transparent)]
    Notify(#[from] NotifyError),
    /// The catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A job could not be made.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for PortalError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl PortalError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}
