//! Asking the control plane about a credential.

use std::rc::Rc;

use gatewright_snapshot::{Credential, Refusal};
use gatewright_types::{CredentialHash, ProblemCode};
use tokio::sync::oneshot;

use super::known::Verdict;
use super::{Finding, Held};
use crate::core::Core;

/// A question about one credential. Whoever receives it answers, or drops it.
#[derive(Debug)]
pub struct Lookup {
    /// SHA-256 of what the caller sent.
    pub hash: CredentialHash,
    /// Where the answer goes.
    pub reply: oneshot::Sender<LookupAnswer>,
}

/// What is true about a credential.
#[derive(Clone, Debug)]
pub enum LookupAnswer {
    /// This is its record.
    Found {
        /// The record.
        credential: Box<Credential>,
        /// When the control plane read it: milliseconds since 1970. The record is valid for
        /// [`CREDENTIAL_VALID_MS`](gatewright_snapshot::access_change::CREDENTIAL_VALID_MS) from then on.
        answered_at_ms: i64,
    },
    /// Nobody holds it.
    Unknown {
        /// When the control plane looked: milliseconds since 1970.
        answered_at_ms: i64,
    },
    /// Nothing can be said right now.
    Unavailable,
}

/// The record of a credential, from memory or by asking.
///
/// # Errors
///
/// `credential-unknown`, or `lookup-unavailable` when nobody answers in time.
pub(crate) async fn find(core: &Rc<Core>, hash: CredentialHash) -> Result<Rc<Held>, Refusal> {
    let Some((told, is_first)) = core.credentials.join(hash) else {
        return Err(unavailable());
    };
    if is_first {
        tokio::task::spawn_local(look_up(Rc::clone(core), hash));
    }
    match told.await {
        Ok(Verdict::Held(held)) => Ok(held),
        Ok(Verdict::Nobody) => Err(nobody()),
        Ok(Verdict::Unavailable) | Err(_) => Err(unavailable()),
    }
}

/// Asks again about a credential that is known, without anybody waiting.
fn refresh(core: &Rc<Core>, hash: CredentialHash) {
    if let Some((_, true)) = core.credentials.join(hash) {
        tokio::task::spawn_local(look_up(Rc::clone(core), hash));
    }
}

impl Finding {
    /// What a finding means for a request, when it needs no waiting.
    pub(crate) fn settle(self, core: &Rc<Core>, hash: CredentialHash) -> Option<Result<Rc<Held>, Refusal>> {
        match self {
            Self::Held(held) => Some(Ok(held)),
            Self::Aging(held) => {
                refresh(core, hash);
                Some(Ok(held))
            }
            Self::Nobody => Some(Err(nobody())),
            Self::Unknown => None,
        }
    }
}

async fn look_up(core: Rc<Core>, hash: CredentialHash) {
    let (reply, replied) = oneshot::channel();
    // A full queue, a closed one, a dropped question and silence all mean the same to a caller.
    let answer = match core.lookups.try_send(Lookup { hash, reply }) {
        Ok(()) => tokio::time::timeout(core.limits.lookup_timeout, replied)
            .await
            .ok()
            .and_then(Result::ok),
        Err(_) => None,
    };
    let answer = answer.unwrap_or(LookupAnswer::Unavailable);
    let verdict = core.credentials.learn(hash, answer, core.clock.now_ms());
    core.credentials.land(&hash, &verdict);
}

fn nobody() -> Refusal {
    Refusal::new(ProblemCode::CredentialUnknown, "Nobody holds this key here.")
}

fn unavailable() -> Refusal {
    Refusal::new(
        ProblemCode::LookupUnavailable,
        "The key could not be checked in time; it may be in order.",
    )
}
