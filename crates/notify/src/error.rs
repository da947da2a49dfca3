//! What is refused about webhooks and mails.

use gatewright_database::DatabaseError;
use gatewright_database::jobs::JobError;
use gatewright_types::problem::FieldError;

/// Everything that is refused here.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// There is no such object in this tenant.
    #[error("there is no {kind} {id}")]
    NotFound {
        /// As in `webhook endpoint`.
        kind: &'static str,
        /// What was asked for.
        id: String,
    },
    /// Fields that are not acceptable.
    #[error("fields are not acceptable")]
    Invalid(Vec<FieldError>),
    /// A named limit is reached.
    #[error("at most {max} {what}")]
    LimitReached {
        /// How many.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// The secret before the current one still signs.
    #[error("the secret was rotated already; the old one signs along until {until}")]
    RotationInProgress {
        /// How long, as RFC 3339.
        until: String,
    },
    /// Nothing is sent to it.
    #[error("the webhook endpoint is DISABLED; enable it first")]
    EndpointDisabled,
    /// A job could not be made.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for NotifyError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

impl NotifyError {
    pub(crate) fn not_found(kind: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NotFound {
            kind,
            id: id.to_string(),
        }
    }
}

/// Collects everything that is wrong with a request, to be answered at once.
#[derive(Default)]
pub(crate) struct Checks(Vec<FieldError>);

impl Checks {
    pub(crate) fn require(&mut self, right: bool, field: &str, detail: impl Into<String>) {
        if !right {
            self.0.push(FieldError::new(field, detail));
        }
    }

    pub(crate) fn done(self) -> Result<(), NotifyError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(NotifyError::Invalid(self.0))
        }
    }
}
