//! Answering the gateway's questions about credentials: the one place where the control plane is asked.
//!
//! A cache that nodes share would stand in [`Desk::ask`], before the control plane; its answers carry
//! their age as those do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatewright_gateway::{Lookup, LookupAnswer};
use gatewright_snapshot::protocol::QUESTIONS_MAX;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_types::{Clock, CredentialHash};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::control::{CallError, ControlPlane};
use super::keeper::Keeper;

/// Requests that are under way at once.
const REQUESTS_MAX: usize = 4;
/// How long nobody is asked after that has failed: callers must not wait for one time-out after the other.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Answers until the queue is closed.
pub(super) async fn answer(
    control: Arc<ControlPlane>,
    keeper: Arc<Keeper>,
    clock: Clock,
    mut lookups: mpsc::Receiver<Lookup>,
) {
    let desk = Arc::new(Desk {
        control,
        keeper,
        clock,
        away_since: Mutex::default(),
    });
    let slots = Arc::new(Semaphore::new(REQUESTS_MAX));
    let mut requests = JoinSet::new();
    let mut waiting = Vec::with_capacity(QUESTIONS_MAX);
    // Taken before the questions are: while all requests are under way, more of them gather for the next.
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        if lookups.recv_many(&mut waiting, QUESTIONS_MAX).await == 0 {
            break;
        }
        let asked = std::mem::take(&mut waiting);
        let desk = Arc::clone(&desk);
        requests.spawn(async move {
            desk.answer(asked).await;
            drop(slot);
        });
        while requests.try_join_next().is_some() {}
    }
    requests.join_all().await;
}

struct Desk {
    control: Arc<ControlPlane>,
    keeper: Arc<Keeper>,
    clock: Clock,
    away_since: Mutex<Option<Instant>>,
}

impl Desk {
    async fn answer(&self, asked: Vec<Lookup>) {
        let mut hashes: Vec<CredentialHash> = asked.iter().map(|lookup| lookup.hash).collect();
        // Several cores may ask about one key.
        hashes.sort_unstable();
        hashes.dedup();
        let answered = self.ask(&hashes).await;
        for Lookup { hash, reply } in asked {
            let answer = match &answered {
                Some((records, answered_at_ms)) => found(records.get(&hash), *answered_at_ms),
                None => self.remembered(&hash),
            };
            // Nobody waits any more when the caller has hung up.
            let _ = reply.send(answer);
        }
    }

    /// The records with these hashes and when they were true; none when nobody can be asked.
    async fn ask(&self, hashes: &[CredentialHash]) -> Option<(HashMap<CredentialHash, Credential>, i64)> {
        let away_since = *self.away_since.lock().unwrap_or_else(PoisonError::into_inner);
        if away_since.is_some_and(|since| since.elapsed() < AWAY_PAUSE) {
            return None;
        }
        // Before it is sent: whatever our clocks say, the answer is at least as new as this, less its age.
        let sent_at_ms = self.clock.now_ms();
        let answered = self.control.look_up(hashes.to_vec()).await;
        let away_since = answered.is_err().then(Instant::now);
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = away_since;
        match answered {
            Ok(answers) => {
                let answered_at_ms = sent_at_ms.saturating_sub_unsigned(answers.age_ms);
                self.keeper.learn(hashes, &answers.records, answered_at_ms);
                let records = answers.records.into_iter();
                Some((
                    records
                        .map(|AccessChange { hash, credential }| (hash, credential))
                        .collect(),
                    answered_at_ms,
                ))
            }
            Err(CallError::Revoked) => None,
            Err(error) => {
                tracing::warn!(%error, "credentials could not be looked up");
                None
            }
        }
    }

    fn remembered(&self, hash: &CredentialHash) -> LookupAnswer {
        match self.keeper.get(hash) {
            Some(known) => LookupAnswer::Remembered {
                credential: Box::new(known.credential),
                answered_at_ms: known.answered_at_ms,
            },
            None => LookupAnswer::Unavailable,
        }
    }
}

fn found(credential: Option<&Credential>, answered_at_ms: i64) -> LookupAnswer {
    match credential {
        Some(credential) => LookupAnswer::Found {
            credential: Box::new(credential.clone()),
            answered_at_ms,
        },
        None => LookupAnswer::Unknown { answered_at_ms },
    }
}
