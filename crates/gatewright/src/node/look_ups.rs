//! Answering the gateway's questions about credentials: the one place where the control plane is asked, after the
//! cache that nodes share. The answers of both carry their age.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gatewright_gateway::{Lookup, LookupAnswer};
use gatewright_snapshot::AccessChange;
use gatewright_snapshot::protocol::{Answers, QUESTIONS_MAX};
use gatewright_types::{Clock, CredentialHash};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::control::{CallError, ControlPlane};
use super::keeper::Keeper;
use crate::shared_cache::{Found, SharedCache};

/// Requests that are under way at once.
const REQUESTS_MAX: usize = 4;
/// How long nobody is asked after that has failed: callers must not wait for one time-out after the other.
const AWAY_PAUSE: Duration = Duration::from_millis(500);

/// Answers until the queue is closed.
pub(super) async fn answer(
    control: Arc<ControlPlane>,
    keeper: Arc<Keeper>,
    shared: Option<Arc<SharedCache>>,
    clock: Clock,
    mut lookups: mpsc::Receiver<Lookup>,
) {
    let desk = Arc::new(Desk {
        control,
        keeper,
        shared,
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
    shared: Option<Arc<SharedCache>>,
    clock: Clock,
    away_since: Mutex<Option<Instant>>,
}

impl Desk {
    async fn answer(&self, asked: Vec<Lookup>) {
        let mut hashes: Vec<CredentialHash> = asked.iter().map(|lookup| lookup.hash).collect();
        // Several cores may ask about one key.
        hashes.sort_unstable();
        hashes.dedup();
        let shared = match &self.shared {
            Some(shared) => shared.find(&hashes).await,
            None => HashMap::new(),
        };
        self.keep(&shared);
        hashes.retain(|hash| !shared.contains_key(hash));
        let answered = if hashes.is_empty() {
            None
        } else {
            self.ask(&hashes).await
        };
        for Lookup { hash, reply } in asked {
            let answer = match (shared.get(&hash), &answered) {
                (Some(found), _) => LookupAnswer::Found {
                    credential: Box::new(found.credential.clone()),
                    answered_at_ms: found.answered_at_ms,
                },
                (None, Some((answers, answered_at_ms))) => said(answers, &hash, *answered_at_ms),
                (None, None) => self.remembered(&hash),
            };
            // Nobody waits any more when the caller has hung up.
            let _ = reply.send(answer);
        }
        // Nobody waits for that.
        if let (Some(shared), Some((answers, answered_at_ms))) = (&self.shared, answered)
            && let Some(position) = answers.position
        {
            shared.learn(&answers.records, answered_at_ms, position).await;
        }
    }

    /// What the shared cache says may be remembered like everything else.
    fn keep(&self, shared: &HashMap<CredentialHash, Found>) {
        for (hash, found) in shared {
            let record = AccessChange {
                hash: *hash,
                credential: found.credential.clone(),
            };
            self.keeper.learn(&[*hash], &[record], found.answered_at_ms);
        }
    }

    /// What the control plane says and when it was true; none when nobody can be asked.
    async fn ask(&self, hashes: &[CredentialHash]) -> Option<(Answers, i64)> {
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
                Some((answers, answered_at_ms))
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

fn said(answers: &Answers, hash: &CredentialHash, answered_at_ms: i64) -> LookupAnswer {
    match answers.records.iter().find(|record| record.hash == *hash) {
        Some(record) => LookupAnswer::Found {
            credential: Box::new(record.credential.clone()),
            answered_at_ms,
        },
        None => LookupAnswer::Unknown { answered_at_ms },
    }
}
