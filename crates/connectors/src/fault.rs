//! What a call can come to besides success: the classes that decide what happens next.

use std::time::Duration;

use gatewright_egress::{EgressError, Phase};

/// Longest text of a gateway's own error that is kept.
pub const WORDS_MAX_CHARS: usize = 300;

/// What went wrong, in classes that decide what is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Nothing was sent: no connection, no name, no TLS.
    Unreachable,
    /// It was sent and no answer came, or half of one: look before doing anything again.
    UnknownOutcome,
    /// The gateway's own failure (5xx), or an answer that cannot be read.
    Transient,
    /// Too many calls; after this pause, where the gateway says so.
    Throttled(Option<Duration>),
    /// The credentials were not accepted.
    Unauthenticated,
    /// The credentials do not allow it.
    Forbidden,
    /// Changed by somebody else meanwhile: try again after a moment.
    Conflict,
    /// The name or the value belongs to an object that is not ours. Never tried again by itself.
    Foreign,
    /// There is no such object.
    NotFound,
    /// A ceiling of the gateway's is reached. Never tried again by itself.
    QuotaExhausted,
    /// The gateway refuses what was asked for. Never tried again by itself.
    Invalid,
    /// The gateway cannot do that at all, as it is set up. Never tried again by itself.
    Unsupported,
    /// Nothing was sent, because the gateway's rate is used up or its breaker is open; to be tried then.
    Parked(Duration),
}

impl FaultKind {
    /// Whether it is the gateway that failed: those count for its circuit breaker.
    pub const fn is_gateways(self) -> bool {
        matches!(self, Self::Unreachable | Self::UnknownOutcome | Self::Transient)
    }

    /// Whether the same may succeed later without anybody changing anything.
    pub const fn may_pass(self) -> bool {
        !matches!(
            self,
            Self::Foreign
                | Self::QuotaExhausted
                | Self::Invalid
                | Self::Unsupported
                | Self::Forbidden
                | Self::Unauthenticated
        )
    }

    /// The class's name, as the provisioning audit shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "UNREACHABLE",
            Self::UnknownOutcome => "UNKNOWN_OUTCOME",
            Self::Transient => "TRANSIENT",
            Self::Throttled(_) => "THROTTLED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::Conflict => "CONFLICT",
            Self::Foreign => "FOREIGN",
            Self::NotFound => "NOT_FOUND",
            Self::QuotaExhausted => "QUOTA_EXHAUSTED",
            Self::Invalid => "INVALID",
            Self::Unsupported => "UNSUPPORTED",
            Self::Parked(_) => "PARKED",
        }
    }
}

/// What went wrong with a call. Its words are shown to operators and hold no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{words}")]
pub struct Fault {
    /// What follows from it.
    pub kind: FaultKind,
    /// In words: what was tried, and what the gateway said.
    pub words: String,
    /// The answer's status, where there was one.
    pub status: Option<u16>,
}

impl Fault {
    /// A fault in our words.
    pub fn new(kind: FaultKind, words: impl Into<String>) -> Self {
        Self {
            kind,
            words: words.into(),
            status: None,
        }
    }

    /// A fault that an answer of this status shows; `words` may quote the gateway and are shortened.
    pub fn answered(kind: FaultKind, status: http::StatusCode, words: &str) -> Self {
        let words = words
            .chars()
            .filter(|letter| !letter.is_control())
            .take(WORDS_MAX_CHARS)
            .collect();
        Self {
            kind,
            words,
            status: Some(status.as_u16()),
        }
    }
}

impl From<EgressError> for Fault {
    fn from(error: EgressError) -> Self {
        let kind = match &error {
            EgressError::TimedOut {
                phase: Phase::FirstByte | Phase::Transfer,
                ..
            }
            | EgressError::NotHttp
            | EgressError::BrokenOff
            | EgressError::HeadTooLarge { .. }
            | EgressError::BodyTooLarge(_) => FaultKind::UnknownOutcome,
            error if error.may_pass() => FaultKind::Unreachable,
            _ => FaultKind::Invalid,
        };
        Self::new(kind, error.to_string())
    }
}
