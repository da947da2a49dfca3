//! What a provider does wrong, in words for the operator who named it. No text holds a token, a code or a secret.

use gatewright_egress::EgressError;
use gatewright_types::text_enum;

text_enum! {
    /// What of a provider is meant.
    pub enum Part {
        /// Its description of itself.
        Configuration = "configuration",
        /// The keys that it signs with.
        Keys = "keys",
        /// What gives tokens for a code.
        TokenEndpoint = "token endpoint",
        /// What tells about people.
        UserInfo = "user info",
        /// What it sent the browser back with.
        Answer = "answer",
        /// Its signed word.
        IdToken = "ID token",
    }
}

/// What a provider does wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It cannot be asked.
    #[error("its {part} cannot be asked: {why}")]
    Unreachable {
        /// For what.
        part: Part,
        /// Why not.
        why: EgressError,
    },
    /// What it says cannot be accepted.
    #[error("its {part}: {why}")]
    Unacceptable {
        /// What.
        part: Part,
        /// Why not.
        why: String,
    },
}

impl Part {
    pub(super) fn fault(self, why: impl Into<String>) -> Fault {
        Fault::Unacceptable {
            part: self,
            why: why.into(),
        }
    }
}
