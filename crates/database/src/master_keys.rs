//! The names of the installation's master keys, and wrapping data keys anew.
//!
//! The database says which master key is ACTIVE and which ones are still needed; the keys themselves
//! are in the ring ([`gatewright_vault::Keyring`]), outside of it.

use chrono::{DateTime, Utc};
use gatewright_types::ids::TenantId;
use gatewright_vault::{Keyring, MasterKeyId, MasterKeyState, VaultError, WrappedDataKey};

use crate::{Database, DatabaseError, SystemTx, SystemUse};

/// Data keys that one transaction wraps anew.
pub const REWRAP_BATCH: i64 = 100;

/// A master key that the database knows of.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its name.
    pub id: MasterKeyId,
    /// What it is used for.
    pub state: MasterKeyState,
    /// When the database first heard of it.
    pub created_at: DateTime<Utc>,
    /// Data keys that it wraps.
    pub data_keys: i64,
}

/// Every master key that the database knows of, the newest last.
pub async fn list(tx: &mut SystemTx) -> Result<Vec<Registered>, DatabaseError> {
    let rows = sqlx::query!(
        r#"SELECT id, state AS "state: MasterKeyState", created_at,
             (SELECT count(*) FROM tenant_data_keys AS k WHERE k.master_key_id = m.id) AS "data_keys!"
           FROM master_keys AS m ORDER BY created_at, id"#
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Registered {
                id: row.id.parse().map_err(|_| VaultError::Damaged)?,
                state: row.state,
                created_at: row.created_at,
                data_keys: row.data_keys,
            })
        })
        .collect()
}

/// Keeps others from changing which keys there are, until the end of the transaction: of two processes that start at
/// the same time, only one may find no ACTIVE key.
pub async fn lock(tx: &mut SystemTx) -> Result<(), DatabaseError> {
    sqlx::query!("LOCK TABLE master_keys IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Makes this the key that wraps; the one that did is PREVIOUS. The caller holds the [`lock`].
pub async fn activate(tx: &mut SystemTx, id: &MasterKeyId, now: DateTime<Utc>) -> Result<(), DatabaseError> {
    sqlx::query!(
        "UPDATE master_keys SET state = 'PREVIOUS' WHERE state = 'ACTIVE' AND id <> $1",
        id.as_str()
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "INSERT INTO master_keys (id, state, created_at) VALUES ($1, 'ACTIVE', $2)
         ON CONFLICT (id) DO UPDATE SET state = 'ACTIVE'",
        id.as_str(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What wraps nothing any more is RETIRED.
pub async fn retire(tx: &mut SystemTx) -> Result<(), DatabaseError> {
    sqlx::query!(
        "UPDATE master_keys AS m SET state = 'RETIRED' WHERE state = 'PREVIOUS'
         AND NOT EXISTS (SELECT FROM tenant_data_keys AS k WHERE k.master_key_id = m.id)"
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets the RETIRED keys; returns which. One that still wraps something makes it fail.
pub async fn forget_retired(tx: &mut SystemTx) -> Result<Vec<MasterKeyId>, DatabaseError> {
    let ids = sqlx::query_scalar!("DELETE FROM master_keys WHERE state = 'RETIRED' RETURNING id")
        .fetch_all(&mut **tx)
        .await?;
    ids.into_iter()
        .map(|id| id.parse().map_err(|_| VaultError::Damaged.into()))
        .collect()
}

/// Wraps every data key that another key wraps with the ring's ACTIVE one, batch by batch, while
/// other processes work; returns how many.
pub async fn rewrap(database: &Database, keyring: &Keyring) -> Result<u64, DatabaseError> {
    let mut count = 0;
    loop {
        let batch = rewrap_batch(database, keyring).await?;
        if batch == 0 {
            return Ok(count);
        }
        count += batch;
    }
}

async fn rewrap_batch(database: &Database, keyring: &Keyring) -> Result<u64, DatabaseError> {
    let active = keyring.active();
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    let rows = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id: TenantId", version, master_key_id, wrapped FROM tenant_data_keys
           WHERE master_key_id <> $1 ORDER BY tenant_id, version LIMIT $2 FOR NO KEY UPDATE"#,
        active.id().as_str(),
        REWRAP_BATCH,
    )
    .fetch_all(&mut *tx)
    .await?;
    let (mut tenants, mut versions, mut wrapped) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let old = WrappedDataKey {
            master_key_id: row.master_key_id.parse().map_err(|_| VaultError::Damaged)?,
            bytes: row.wrapped,
        };
        let master = keyring.find(&old.master_key_id)?;
        let key = master.unwrap(row.tenant_id, row.version.cast_unsigned(), &old)?;
        tenants.push(row.tenant_id.uuid());
        versions.push(row.version);
        wrapped.push(active.wrap(&key, database.rng()).bytes);
    }
    sqlx::query!(
        "UPDATE tenant_data_keys AS k SET master_key_id = $4, wrapped = new.wrapped
         FROM UNNEST($1::uuid[], $2::integer[], $3::bytea[]) AS new (tenant_id, version, wrapped)
         WHERE k.tenant_id = new.tenant_id AND k.version = new.version",
        &tenants,
        &versions,
        &wrapped,
        active.id().as_str(),
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(u64::try_from(tenants.len()).unwrap_or(u64::MAX))
}
