//! The configuration that is in force, as nodes get it.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use gatewright_database::Database;
use gatewright_snapshot::Snapshot;
use sha2::{Digest, Sha256};

use crate::{NativeError, configuration};

/// One version of the configuration.
pub struct Current {
    /// Ready for decisions.
    pub snapshot: Arc<Snapshot>,
    /// The same as JSON.
    pub json: Bytes,
    /// Names this very content: control planes whose settings differ must not pass for each other.
    pub etag: String,
}

pub(super) struct Snapshots {
    settings: configuration::Settings,
    current: RwLock<Arc<Current>>,
    /// Held while one is made, so that many wishes share it.
    making: tokio::sync::Mutex<()>,
}

impl Snapshots {
    pub(super) async fn load(database: &Database, settings: configuration::Settings) -> Result<Self, NativeError> {
        let current = make(database, &settings).await?;
        Ok(Self {
            settings,
            current: RwLock::new(current),
            making: tokio::sync::Mutex::new(()),
        })
    }

    pub(super) fn base_domain(&self) -> &str {
        &self.settings.base_domain
    }

    pub(super) async fn at_least(&self, database: &Database, version: u64) -> Result<Arc<Current>, NativeError> {
        if let Some(current) = self.new_enough(version) {
            return Ok(current);
        }
        let _making = self.making.lock().await;
        if let Some(current) = self.new_enough(version) {
            return Ok(current);
        }
        let made = make(database, &self.settings).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&made);
        Ok(made)
    }

    fn new_enough(&self, version: u64) -> Option<Arc<Current>> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        (current.snapshot.version >= version).then(|| Arc::clone(&current))
    }
}

async fn make(database: &Database, settings: &configuration::Settings) -> Result<Arc<Current>, NativeError> {
    let loaded = configuration::load(database, settings).await?;
    let digest = Sha256::digest(&loaded.json);
    let tag = u64::from_be_bytes(digest[..8].try_into().expect("SHA-256 has 32 bytes"));
    Ok(Arc::new(Current {
        etag: format!("\"{}-{tag:016x}\"", loaded.snapshot.version),
        snapshot: Arc::new(loaded.snapshot),
        json: loaded.json.into(),
    }))
}
