//! When and from where each token was last used, to the minute.
//!
//! A request only leaves a note in memory; every second the notes are written for all tokens at once. So
//! no request waits for it, and a token that is used all the time costs one row a minute. A process that is
//! killed loses the notes of its last second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{Database, SystemUse};
use gatewright_types::ids::{TenantId, TokenId};

use crate::{IdentityError, store};

/// Tokens whose use is remembered at once; further ones are noted when there is room again.
pub const LAST_USES_MAX: usize = 10_000;
/// How exactly a last use is known.
const PRECISION: TimeDelta = TimeDelta::minutes(1);

/// One use of a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) tenant_id: TenantId,
    pub(crate) at: DateTime<Utc>,
    pub(crate) peer: Option<IpAddr>,
}

/// Notes of the uses of tokens.
#[derive(Debug, Default)]
pub struct LastUses(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// Waits to be written.
    waiting: HashMap<TokenId, Use>,
    /// When a use was last taken down.
    taken_down: HashMap<TokenId, DateTime<Utc>>,
}

impl LastUses {
    /// Notes a use, unless one was noted within the minute.
    pub fn note(&self, tenant_id: TenantId, token_id: TokenId, at: DateTime<Utc>, peer: Option<IpAddr>) {
        let mut notes = self.lock();
        let recent = |last: DateTime<Utc>| last > at - PRECISION;
        if notes.taken_down.get(&token_id).copied().is_some_and(recent) {
            return;
        }
        if notes.taken_down.len() >= LAST_USES_MAX {
            notes.taken_down.retain(|_, last| recent(*last));
            if notes.taken_down.len() >= LAST_USES_MAX {
                return;
            }
        }
        notes.taken_down.insert(token_id, at);
        notes.waiting.insert(token_id, Use { tenant_id, at, peer });
    }

    /// Writes what was noted. What could not be written is noted again with the token's next use.
    pub async fn write(&self, database: &Database) -> Result<(), IdentityError> {
        let uses: Vec<(TokenId, Use)> = self.lock().waiting.drain().collect();
        if uses.is_empty() {
            return Ok(());
        }
        let written = write(database, &uses).await;
        if written.is_err() {
            let mut notes = self.lock();
            for (token_id, _) in &uses {
                notes.taken_down.remove(token_id);
            }
        }
        written
    }

    /// The notes are whole even if somebody panicked over them: each is one insert.
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(database: &Database, uses: &[(TokenId, Use)]) -> Result<(), IdentityError> {
    let mut tx = database.system(SystemUse::NoteTokenUses).await?;
    store::tokens::note_uses(&mut tx, uses).await?;
    Ok(tx.commit().await?)
}
