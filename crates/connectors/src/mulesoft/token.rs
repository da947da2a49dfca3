//! The connected app's token: kept, renewed ahead of its end by one caller while the others go on with the old one.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use futures_util::lock::Mutex as Turn;
use gatewright_types::Clock;
use secrecy::SecretString;

use crate::fault::Fault;

/// After so much of its life a token is renewed.
const RENEWED_AFTER_PERCENT: i64 = 75;

/// A token, and the how-manieth it is: what is known of the rights behind one is not known of the next.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretString,
    pub(crate) generation: u64,
    renew_at_ms: i64,
    ends_at_ms: i64,
}

/// The present token.
#[derive(Default)]
pub(crate) struct Tokens {
    kept: Mutex<Option<Token>>,
    renewal: Turn<()>,
}

impl Tokens {
    /// A token that is good for now; `fetch` gets another one and its life in seconds.
    pub(crate) async fn get<F>(&self, clock: &Clock, fetch: impl Fn() -> F) -> Result<Token, Fault>
    where
        F: Future<Output = Result<(SecretString, i64), Fault>>,
    {
        let kept = self.kept();
        let Some(token) = kept.filter(|token| clock.now_ms() < token.ends_at_ms) else {
            let _turn = self.renewal.lock().await;
            // Whoever had the turn before has perhaps brought one.
            return match self.kept().filter(|token| clock.now_ms() < token.renew_at_ms) {
                Some(token) => Ok(token),
                None => self.renew(clock, fetch).await,
            };
        };
        if clock.now_ms() < token.renew_at_ms {
            return Ok(token);
        }
        let Some(_turn) = self.renewal.try_lock() else {
            return Ok(token);
        };
        // The old one is still good: that it could not be renewed yet is nobody's failure.
        Ok(self.renew(clock, fetch).await.unwrap_or(token))
    }

    /// Another token than this one, which was not accepted.
    pub(crate) async fn replace<F>(&self, refused: u64, clock: &Clock, fetch: impl Fn() -> F) -> Result<Token, Fault>
    where
        F: Future<Output = Result<(SecretString, i64), Fault>>,
    {
        let _turn = self.renewal.lock().await;
        match self.kept().filter(|token| token.generation != refused) {
            Some(token) => Ok(token),
            None => self.renew(clock, fetch).await,
        }
    }

    async fn renew<F>(&self, clock: &Clock, fetch: impl Fn() -> F) -> Result<Token, Fault>
    where
        F: Future<Output = Result<(SecretString, i64), Fault>>,
    {
        let begun_ms = clock.now_ms();
        let (value, life_seconds) = fetch().await?;
        let life_ms = life_seconds.saturating_mul(1000);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let token = Token {
            value,
            generation: kept.as_ref().map_or(0, |token| token.generation) + 1,
            renew_at_ms: begun_ms.saturating_add(life_ms / 100 * RENEWED_AFTER_PERCENT),
            ends_at_ms: begun_ms.saturating_add(life_ms),
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    fn kept(&self) -> Option<Token> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
