//! Seals and opens a tenant's secrets, inside its transaction.
//!
//! A tenant's first sealed secret makes its data key, in the same transaction. Data keys are kept in
//! memory once they are known to be committed, so that sealing usually costs no round trip.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gatewright_types::ids::TenantId;
use gatewright_vault::{Belonging, DataKey, Keyring, Sealed, VaultError, WrappedDataKey};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{DatabaseError, TenantTx};

/// Most data keys that are kept in memory; one more, and all of them are read again when needed.
pub const DATA_KEYS_KNOWN_MAX: usize = 4096;
/// The first data key of a tenant.
const FIRST_VERSION: u32 = 1;

/// The master keys of this process and the data keys that it has read.
pub struct Vault {
    keyring: Keyring,
    known: Mutex<HashMap<TenantId, Arc<DataKey>>>,
}

impl Vault {
    /// Knows no data key yet.
    pub fn new(keyring: Keyring) -> Self {
        Self {
            keyring,
            known: Mutex::default(),
        }
    }

    /// The master keys.
    pub const fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    fn known(&self, tenant_id: TenantId) -> Option<Arc<DataKey>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant_id).map(Arc::clone)
    }

    fn remember(&self, key: &Arc<DataKey>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= DATA_KEYS_KNOWN_MAX && !known.contains_key(&key.tenant_id()) {
            known.clear();
        }
        known.insert(key.tenant_id(), Arc::clone(key));
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("place", &self.keyring.place())
            .finish_non_exhaustive()
    }
}

/// What a transaction seals with.
pub(crate) struct TransactionKeys {
    vault: Option<Arc<Vault>>,
    /// The data key, once this transaction has needed it.
    data_key: Option<Arc<DataKey>>,
    /// Whether this transaction made it, so that it may still be rolled back.
    is_new: bool,
}

impl TransactionKeys {
    pub(crate) const fn new(vault: Option<Arc<Vault>>) -> Self {
        Self {
            vault,
            data_key: None,
            is_new: false,
        }
    }

    /// The transaction is committed, and so is the data key that it made.
    pub(crate) fn committed(self) {
        if let (true, Some(vault), Some(key)) = (self.is_new, self.vault, self.data_key) {
            vault.remember(&key);
        }
    }

    fn vault(&self) -> Result<Arc<Vault>, DatabaseError> {
        self.vault.as_ref().map(Arc::clone).ok_or(DatabaseError::NoMasterKey)
    }
}

struct DataKeyRow {
    version: i32,
    master_key_id: String,
    wrapped: Vec<u8>,
}

impl TenantTx {
    /// Seals a secret of the tenant's as one of `kind`, of the thing `id`, in its `version`.
    ///
    /// The first of a transaction costs a round trip when the data key is not in memory.
    pub async fn seal(
        &mut self,
        kind: &'static str,
        id: Uuid,
        version: u32,
        secret: &SecretString,
    ) -> Result<Sealed, DatabaseError> {
        let key = self.data_key().await?;
        let belonging = self.belonging(kind, id, version);
        Ok(key.seal(&belonging, self.rng(), secret)?)
    }

    /// Opens what was sealed with exactly these words.
    pub async fn open(
        &mut self,
        kind: &'static str,
        id: Uuid,
        version: u32,
        sealed: &Sealed,
    ) -> Result<SecretString, DatabaseError> {
        let belonging = self.belonging(kind, id, version);
        let wanted = sealed.data_key_version();
        let vault = self.keys.vault()?;
        let held = self.keys.data_key.as_ref().map(Arc::clone);
        let held = held.or_else(|| vault.known(self.tenant_id()));
        let key = match held.filter(|key| key.version() == wanted) {
            Some(key) => key,
            None => self.read(&vault, Some(wanted)).await?.ok_or(VaultError::Damaged)?,
        };
        Ok(key.open(&belonging, sealed)?)
    }

    fn belonging(&self, kind: &'static str, id: Uuid, version: u32) -> Belonging {
        Belonging {
            tenant_id: self.tenant_id(),
            kind,
            id,
            version,
        }
    }

    /// The tenant's newest data key; the first one is made here.
    async fn data_key(&mut self) -> Result<Arc<DataKey>, DatabaseError> {
        if let Some(key) = &self.keys.data_key {
            return Ok(Arc::clone(key));
        }
        let vault = self.keys.vault()?;
        let key = match vault.known(self.tenant_id()) {
            Some(key) => key,
            None => match self.read(&vault, None).await? {
                Some(key) => {
                    vault.remember(&key);
                    key
                }
                None => self.make(&vault).await?,
            },
        };
        self.keys.data_key = Some(Arc::clone(&key));
        Ok(key)
    }

    /// The data key of this version, or the newest.
    async fn read(&mut self, vault: &Vault, version: Option<u32>) -> Result<Option<Arc<DataKey>>, DatabaseError> {
        let tenant_id = self.tenant_id();
        let row = sqlx::query_as!(
            DataKeyRow,
            "SELECT version, master_key_id, wrapped FROM tenant_data_keys
             WHERE tenant_id = $1 AND ($2::integer IS NULL OR version = $2) ORDER BY version DESC LIMIT 1",
            tenant_id.uuid(),
            version.map(u32::cast_signed),
        )
        .fetch_optional(&mut **self)
        .await?;
        row.map(|row| unwrap(vault.keyring(), tenant_id, row).map(Arc::new))
            .transpose()
    }

    async fn make(&mut self, vault: &Vault) -> Result<Arc<DataKey>, DatabaseError> {
        let tenant_id = self.tenant_id();
        let master = vault.keyring().active();
        let key = DataKey::mint(tenant_id, FIRST_VERSION, self.rng());
        let wrapped = master.wrap(&key, self.rng());
        let now = self.now();
        let inserted = sqlx::query!(
            "INSERT INTO tenant_data_keys (tenant_id, version, master_key_id, wrapped, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            tenant_id.uuid(),
            key.version().cast_signed(),
            wrapped.master_key_id.as_str(),
            wrapped.bytes,
            now,
        )
        .execute(&mut **self)
        .await;
        match inserted {
            Ok(done) if done.rows_affected() == 1 => {
                self.keys.is_new = true;
                Ok(Arc::new(key))
            }
            // Another transaction was quicker, and has committed by now: the insert waited for it.
            Ok(_) => self.read(vault, None).await?.ok_or(VaultError::Damaged.into()),
            Err(error) if is_foreign_key(&error) => Err(DatabaseError::MasterKeyGone(master.id().clone())),
            Err(error) => Err(error.into()),
        }
    }
}

fn is_foreign_key(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation)
}

fn unwrap(keyring: &Keyring, tenant_id: TenantId, row: DataKeyRow) -> Result<DataKey, DatabaseError> {
    let wrapped = WrappedDataKey {
        master_key_id: row.master_key_id.parse().map_err(|_| VaultError::Damaged)?,
        bytes: row.wrapped,
    };
    let master = keyring.find(&wrapped.master_key_id)?;
    Ok(master.unwrap(tenant_id, row.version.cast_unsigned(), &wrapped)?)
}
