//! What a vendor lends for a while to sign in with: kept, and fetched anew ahead of its end by one caller, while the others go
//! on with what there is. That it cannot be fetched is no failure as long as that is good.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use gatewright_types::Clock;

use crate::fault::Fault;

/// After so much of its life it is fetched anew.
const RENEW_PERCENT: i64 = 75;
/// So long before its end it is not used any more, a tenth of its life at most: a call takes its time, and clocks differ.
const MARGIN_MS: i64 = 5_000;
/// How long nothing is fetched after that failed, while there is something to go on with; a quarter of what is left at most.
const PAUSE_MS: i64 = 30_000;
/// Longest life that is believed.
const LIFE_MAX_MS: i64 = 24 * 3_600_000;

/// What was lent, and the how-manieth it is: what is known of the rights behind one is not known of the next. It has no `Debug`.
#[derive(Clone)]
pub(crate) struct Lent<T> {
    pub(crate) value: T,
    pub(crate) generation: u64,
    renew_at_ms: i64,
    ends_at_ms: i64,
}

impl<T> Lent<T> {
    /// Something of our own, which does not end.
    pub(crate) const fn own(value: T) -> Self {
        Self {
            value,
            generation: 0,
            renew_at_ms: i64::MAX,
            ends_at_ms: i64::MAX,
        }
    }
}

/// What is lent at present.
pub(crate) struct Lease<T> {
    kept: Mutex<Option<Lent<T>>>,
    /// Held by whoever fetches: others who have nothing to go on with wait for that.
    turn: futures_util::lock::Mutex<()>,
}

impl<T> Default for Lease<T> {
    fn default() -> Self {
        Self {
            kept: Mutex::new(None),
            turn: futures_util::lock::Mutex::new(()),
        }
    }
}

impl<T: Clone> Lease<T> {
    /// Something that is good now; `fetch` gets another one, and for how many milliseconds from when it was asked.
    pub(crate) async fn get<F>(&self, clock: &Clock, fetch: impl FnOnce() -> F) -> Result<Lent<T>, Fault>
    where
        F: Future<Output = Result<(T, i64), Fault>>,
    {
        let Some(lent) = self.good(clock) else {
            let _turn = self.turn.lock().await;
            // Whoever had the turn before has perhaps brought one.
            return match self.good(clock) {
                Some(lent) => Ok(lent),
                None => self.fetch(clock, fetch).await,
            };
        };
        if clock.now_ms() < lent.renew_at_ms {
            return Ok(lent);
        }
        let Some(_turn) = self.turn.try_lock() else {
            return Ok(lent);
        };
        Ok(match self.fetch(clock, fetch).await {
            Ok(lent) => lent,
            Err(_) => {
                let now_ms = clock.now_ms();
                let renew_at_ms = now_ms + PAUSE_MS.min((lent.ends_at_ms - now_ms) / 4);
                self.keep(Lent {
                    renew_at_ms,
                    ..lent.clone()
                });
                lent
            }
        })
    }

    /// Another one than this, which was not accepted.
    pub(crate) async fn instead_of<F>(
        &self,
        refused: &Lent<T>,
        clock: &Clock,
        fetch: impl FnOnce() -> F,
    ) -> Result<Lent<T>, Fault>
    where
        F: Future<Output = Result<(T, i64), Fault>>,
    {
        let _turn = self.turn.lock().await;
        match self.good(clock).filter(|lent| lent.generation != refused.generation) {
            Some(lent) => Ok(lent),
            None => self.fetch(clock, fetch).await,
        }
    }

    fn good(&self, clock: &Clock) -> Option<Lent<T>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|lent| clock.now_ms() < lent.ends_at_ms)
    }

    fn keep(&self, lent: Lent<T>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(lent);
    }

    async fn fetch<F>(&self, clock: &Clock, fetch: impl FnOnce() -> F) -> Result<Lent<T>, Fault>
    where
        F: Future<Output = Result<(T, i64), Fault>>,
    {
        let asked_ms = clock.now_ms();
        let (value, life_ms) = fetch().await?;
        let life_ms = life_ms.clamp(0, LIFE_MAX_MS);
        let before = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = before.as_ref().map_or(0, |lent| lent.generation) + 1;
        drop(before);
        let lent = Lent {
            value,
            generation,
            renew_at_ms: asked_ms + life_ms * RENEW_PERCENT / 100,
            ends_at_ms: asked_ms + life_ms - MARGIN_MS.min(life_ms / 10),
        };
        self.keep(lent.clone());
        Ok(lent)
    }
}
