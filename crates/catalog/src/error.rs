//! What the catalog refuses.

use gatewright_database::DatabaseError;
use gatewright_types::ids::CustomerId;
use gatewright_types::problem::FieldError;

use crate::state::SubscriptionState;

/// Everything the catalog refuses, in its own words.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// As in `product`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Another object has this slug.
    #[error("another {kind} has the slug {slug:?}")]
    SlugTaken {
        /// As in `product`.
        kind: &'static str,
        /// The slug.
        slug: String,
    },
    /// The subscription's state does not allow the move.
    #[error("the subscription is {from} and cannot become {to}")]
    IllegalMove {
        /// Where it stands.
        from: SubscriptionState,
        /// Where it was to go.
        to: SubscriptionState,
    },
    /// The customer is suspended as a whole: nothing of it becomes usable.
    #[error("customer {0} is suspended; lift its emergency suspension first")]
    CustomerSuspended(CustomerId),
    /// The customer is not suspended.
    #[error("customer {0} is not suspended")]
    CustomerNotSuspended(CustomerId),
    /// Some fields are not acceptable.
    #[error("some fields are not acceptable")]
    Invalid(Vec<FieldError>),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for CatalogError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl CatalogError {
    /// There is no such object.
    pub fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }

    /// One field that is not acceptable.
    pub fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, detail)])
    }
}
