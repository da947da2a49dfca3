//! What joins the data plane of this process to the control plane: its questions.
//!
//! The two know nothing of each other: the gateway asks through a queue, and [`crate::parts::gateway`]
//! brings it the news.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gatewright_api::ApiState;
use gatewright_database::Database;
use gatewright_database::audit::seal::seal;
use gatewright_gateway::{Lookup, LookupAnswer};
use gatewright_native::{Nodes, access};
use gatewright_snapshot::Credential;
use gatewright_types::CredentialHash;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::shared_cache::SharedCache;

/// Look-ups that wait for the control plane.
pub const LOOKUPS_WAITING_MAX: usize = 4096;
/// Most look-ups that one query answers.
const LOOKUPS_PER_QUERY_MAX: usize = 256;
/// Queries for look-ups that run at once: few, so that they cannot take every connection.
const LOOKUP_QUERIES_MAX: usize = 4;
/// How often sealed copies of secrets that have ended are erased.
const VAULT_INTERVAL: Duration = Duration::from_secs(60);
/// How often the audit log is sealed and the last uses of tokens are written.
const NOTES_INTERVAL: Duration = Duration::from_secs(1);

/// Who is asked about credentials in the control plane's own process: the cache that nodes share, then the database.
#[derive(Clone)]
pub struct Desk {
    /// The database.
    pub database: Database,
    /// Where the news are.
    pub nodes: Arc<Nodes>,
    /// What nodes share, if they do.
    pub shared: Option<Arc<SharedCache>>,
}

/// Answers the gateway's questions about credentials, many per query, until the queue is closed.
pub async fn answer_lookups(desk: Desk, mut lookups: mpsc::Receiver<Lookup>) {
    let slots = Arc::new(Semaphore::new(LOOKUP_QUERIES_MAX));
    let mut queries = JoinSet::new();
    let mut waiting = Vec::with_capacity(LOOKUPS_PER_QUERY_MAX);
    // Taken before the questions are: while all queries are busy, more of them gather for the next.
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        if lookups.recv_many(&mut waiting, LOOKUPS_PER_QUERY_MAX).await == 0 {
            break;
        }
        let asked = std::mem::take(&mut waiting);
        let desk = desk.clone();
        queries.spawn(async move {
            desk.answer(asked).await;
            drop(slot);
        });
        while queries.try_join_next().is_some() {}
    }
    queries.join_all().await;
}

impl Desk {
    async fn answer(&self, mut asked: Vec<Lookup>) {
        if let Some(shared) = &self.shared {
            let hashes: Vec<CredentialHash> = asked.iter().map(|lookup| lookup.hash).collect();
            let found = shared.find(&hashes).await;
            asked = asked
                .into_iter()
                .filter_map(|lookup| match found.get(&lookup.hash) {
                    Some(found) => {
                        reply(lookup, Some(&found.credential), found.answered_at_ms);
                        None
                    }
                    None => Some(lookup),
                })
                .collect();
        }
        if !asked.is_empty() {
            self.ask(asked).await;
        }
    }

    async fn ask(&self, asked: Vec<Lookup>) {
        let hashes: Vec<CredentialHash> = asked.iter().map(|lookup| lookup.hash).collect();
        // Before the query: what it finds is at least as new as these.
        let answered_at_ms = self.database.clock().now_ms();
        let position = self.nodes.position();
        let records = match access::look_up_for_node(&self.database, &hashes).await {
            Ok(records) => records,
            Err(error) => {
                tracing::warn!(%error, "credentials could not be looked up");
                for lookup in asked {
                    let _ = lookup.reply.send(LookupAnswer::Unavailable);
                }
                return;
            }
        };
        let found: HashMap<_, _> = records.iter().map(|record| (record.hash, &record.credential)).collect();
        for lookup in asked {
            let credential = found.get(&lookup.hash).copied();
            reply(lookup, credential, answered_at_ms);
        }
        if let Some(shared) = &self.shared {
            shared.learn(&records, answered_at_ms, position).await;
        }
    }
}

fn reply(lookup: Lookup, credential: Option<&Credential>, answered_at_ms: i64) {
    let answer = match credential {
        Some(credential) => LookupAnswer::Found {
            credential: Box::new(credential.clone()),
            answered_at_ms,
        },
        None => LookupAnswer::Unknown { answered_at_ms },
    };
    // Nobody waits any more when the caller has hung up.
    let _ = lookup.reply.send(answer);
}

/// Erases what is past its time, and follows a rotation of the master key, every minute.
pub async fn keep_vault(database: Database) {
    let mut minutes = tokio::time::interval(VAULT_INTERVAL);
    loop {
        minutes.tick().await;
        if let Err(error) = erase_ended(&database).await {
            tracing::warn!(%error, "sealed copies of secrets that have ended could not be erased");
        }
        if let Err(error) = forget_ended_tokens(&database).await {
            tracing::warn!(%error, "tokens and sessions that ended long ago could not be removed");
        }
        if let Err(error) = crate::vault::follow(&database).await {
            tracing::warn!(%error, "which master key wraps could not be read");
        }
    }
}

/// Follows a rotation of the master key, every minute, where nobody keeps the vault.
pub async fn follow_master_key(database: Database) {
    let mut minutes = tokio::time::interval(VAULT_INTERVAL);
    loop {
        minutes.tick().await;
        if let Err(error) = crate::vault::follow(&database).await {
            tracing::warn!(%error, "which master key wraps could not be read");
        }
    }
}

async fn erase_ended(database: &Database) -> Result<(), gatewright_database::DatabaseError> {
    let mut tx = database.system(gatewright_database::SystemUse::KeepHouse).await?;
    gatewright_credentials::sealed::erase_ended(&mut tx, database.clock().now()).await?;
    tx.commit().await
}

async fn forget_ended_tokens(database: &Database) -> Result<(), gatewright_identity::IdentityError> {
    let mut tx = database.system(gatewright_database::SystemUse::KeepHouse).await?;
    gatewright_identity::tokens::forget_ended(&mut tx, database.clock().now()).await?;
    gatewright_identity::housekeeping::forget(&mut tx, database.clock().now()).await?;
    Ok(tx.commit().await?)
}

/// Seals what was added to the audit log, each second.
pub async fn seal_audit(database: Database) {
    let mut seconds = tokio::time::interval(NOTES_INTERVAL);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        if let Err(error) = seal(&database).await {
            tracing::warn!(%error, "the audit log could not be sealed");
        }
    }
}

/// Writes the last uses of tokens, each second.
pub async fn write_last_uses(state: ApiState) {
    let mut seconds = tokio::time::interval(NOTES_INTERVAL);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        if let Err(error) = state.last_uses().write(state.database()).await {
            tracing::warn!(%error, "the last uses of tokens could not be written");
        }
    }
}
