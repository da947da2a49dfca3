//! Appends committed audit rows to their tenants' chains.
//!
//! A chain inside the use case's transaction would make a tenant's writers wait for each other. So rows are
//! chained afterwards, in the order in which they became visible. A row may commit later than one with a
//! higher id or time, so no mark of "everything up to here is sealed" could be trusted, and a transaction
//! id's horizon does not survive a dump and restore. Instead a trigger puts each new row into
//! `audit_unsealed`, in the writer's own transaction. Whatever is visible there and not yet in the chain is
//! sealed next; what commits later is found later. Nothing can be skipped, and nothing is looked at twice.
//!
//! One advisory lock, held until the commit, lets one sealer work at a time; the chain's primary key holds
//! against everything else.

use std::collections::HashMap;

use chrono::DateTime;
use uuid::Uuid;

use super::row::BEGINNING;
use super::store::{self, Link};
use crate::{Database, DatabaseError, SystemUse};

/// Most rows that are sealed in one transaction.
pub const SEAL_BATCH_MAX: i64 = 1000;
/// The advisory lock of whoever seals: "audit" in ASCII.
pub const SEAL_LOCK: i64 = 0x61_75_64_69_74;

/// Seals what is committed and not sealed yet; returns how many rows. 0 also when another process is at it.
pub async fn seal(database: &Database) -> Result<usize, DatabaseError> {
    let mut sealed = 0;
    loop {
        let batch = seal_batch(database).await?;
        sealed += batch;
        if batch < SEAL_BATCH_MAX as usize {
            return Ok(sealed);
        }
    }
}

async fn seal_batch(database: &Database) -> Result<usize, DatabaseError> {
    let mut tx = database.system(SystemUse::SealAudit).await?;
    if !store::claim_sealing(&mut tx, SEAL_LOCK).await? {
        tx.close().await?;
        return Ok(0);
    }
    // Only now, with the lock: what is read here nobody else can be sealing.
    let keys = store::unsealed(&mut tx, SEAL_BATCH_MAX).await?;
    let rows = store::rows(&mut tx, &keys).await?;
    let tenants: Vec<Uuid> = keys.iter().map(|(tenant_id, _)| *tenant_id).collect();
    let mut heads = HashMap::new();
    for head in store::heads(&mut tx, &distinct(tenants)).await? {
        let hash = head.hash.try_into().unwrap_or(BEGINNING);
        heads.insert(head.tenant_id, (head.sequence, hash));
    }
    // To the microsecond, as the database keeps it and the hash says it.
    let now = database.clock().now();
    let sealed_at = DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
    let mut links = Vec::with_capacity(rows.len());
    for row in rows {
        let (sequence, previous) = heads.entry(row.tenant_id).or_insert((0, BEGINNING));
        *sequence += 1;
        *previous = row.hash(previous, *sequence, sealed_at);
        links.push(Link {
            tenant_id: row.tenant_id,
            sequence: *sequence,
            audit_id: row.id,
            hash: previous.to_vec(),
            sealed_at,
        });
    }
    store::append(&mut tx, &links, sealed_at).await?;
    tx.commit().await?;
    Ok(links.len())
}

fn distinct(mut ids: Vec<Uuid>) -> Vec<Uuid> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
