//! What is refused about identities.

use gatewright_catalog::CatalogError;
use gatewright_database::DatabaseError;

use crate::model::Principal;
use crate::roles::Permission;

/// Everything that is refused about identities.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// What kind of object.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// Somebody else has the mail address.
    #[error("another operator has the mail address {0}")]
    EmailTaken(String),
    /// The tenant would have no owner that can act.
    #[error("this is the last active owner: make another one first")]
    LastOwner,
    /// Somebody would give, or take from, more than they have.
    #[error("this reaches beyond your own permissions: {0} is missing")]
    Beyond(Permission),
    /// A named limit is reached.
    #[error("there are already {max} {what}")]
    LimitReached {
        /// The limit.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// The token was somebody's and no longer works.
    #[error("{why}")]
    Refused {
        /// Whose.
        principal: Principal,
        /// Why not.
        why: Refusal,
    },
    /// What the catalog refuses.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a token that was somebody's is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// It was withdrawn.
    #[error("the token was revoked")]
    Revoked,
    /// Its operator is suspended.
    #[error("the operator is suspended")]
    Suspended,
}

impl IdentityError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}

impl From<sqlx::Error> for IdentityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}
