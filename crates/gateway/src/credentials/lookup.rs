//! Asking the control plane about a credential.

use std::rc::Rc;

use gatewright_snapshot::{Credential, Refusal};
use gatewright_types::access::WhenCutOff;
use gatewright_types::{CredentialHash, ProblemCode};
use tokio::sync::oneshot;

use super::known::Verdict;
use super::{Finding, Held};
use crate::contact::Standing;
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
    /// The control plane cannot be asked; this is what it last said.
    Remembered {
        /// The record.
        credential: Box<Credential>,
        /// When the control plane read it: milliseconds since 1970.
        answered_at_ms: i64,
    },
    /// Nothing can be said right now.
    Unavailable,
}

/// The record of a credential, by asking.
///
/// # Errors
///
/// `credential-unknown`; `lookup-unavailable` when nobody answers in time; `node-cut-off` when the
/// node is cut off and the gateway refuses then, or when the node was revoked.
pub(crate) async fn find(core: &Rc<Core>, hash: CredentialHash, when_cut_off: WhenCutOff) -> Result<Rc<Held>, Refusal> {
    require_contact(core, when_cut_off)?;
    let Some((told, is_first)) = core.credentials.join(hash) else {
        return Err(unavailable());
    };
    if is_first {
        tokio::task::spawn_local(look_up(Rc::clone(core), hash));
    }
    let verdict = told.await;
    // Things may stand differently by now.
    require_contact(core, when_cut_off)?;
    match verdict {
        Ok(Verdict::Held(held)) => Ok(held),
        Ok(Verdict::Stale(held)) if when_cut_off == WhenCutOff::Serve => Ok(held),
        Ok(Verdict::Nobody) => Err(nobody()),
        Ok(Verdict::Stale(_) | Verdict::Unavailable) | Err(_) => Err(unavailable()),
    }
}

fn require_contact(core: &Core, when_cut_off: WhenCutOff) -> Result<(), Refusal> {
    match core.credentials.standing() {
        Standing::Revoked => Err(Refusal::new(
            ProblemCode::NodeCutOff,
            "This node was revoked; it admits nobody.",
        )),
        Standing::CutOff if when_cut_off == WhenCutOff::Refuse => Err(cut_off()),
        _ => Ok(()),
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
    pub(crate) fn settle(
        self,
        core: &Rc<Core>,
        hash: CredentialHash,
        when_cut_off: WhenCutOff,
    ) -> Option<Result<Rc<Held>, Refusal>> {
        match self {
            Self::Held(held) => Some(Ok(held)),
            Self::Stale(held, asks) => {
                if asks {
                    refresh(core, hash);
                }
                Some(match when_cut_off {
                    WhenCutOff::Serve => Ok(held),
                    WhenCutOff::Refuse => Err(cut_off()),
                })
            }
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
    let epoch = core.credentials.epoch();
    // A full queue, a closed one, a dropped question and silence all mean the same to a caller.
    let answer = match core.lookups.try_send(Lookup { hash, reply }) {
        Ok(()) => tokio::time::timeout(core.limits.lookup_timeout, replied)
            .await
            .ok()
            .and_then(Result::ok),
        Err(_) => None,
    };
    let answer = answer.unwrap_or(LookupAnswer::Unavailable);
    let verdict = core.credentials.learn(hash, answer, epoch, core.clock.now_ms());
    core.credentials.land(&hash, &verdict);
}

fn nobody() -> Refusal {
    Refusal::new(ProblemCode::CredentialUnknown, "Nobody holds this key here.")
}

#[cold]
fn cut_off() -> Refusal {
    Refusal::new(
        ProblemCode::NodeCutOff,
        "This node has not heard of its control plane for too long, and the gateway refuses then.",
    )
}

fn unavailable() -> Refusal {
    Refusal::new(
        ProblemCode::LookupUnavailable,
        "The key could not be checked in time; it may be in order.",
    )
}
