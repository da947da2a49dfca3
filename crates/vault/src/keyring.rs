//! Where master keys come from, and the ring that a running process has of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use gatewright_types::Rng;
use secrecy::{ExposeSecret, SecretString};

use crate::{MasterKey, MasterKeyId, Ring, VaultError, ring_file};

/// The variable with the key that wraps.
pub const MASTER_KEY_VARIABLE: &str = "GATEWRIGHT_MASTER_KEY";
/// The variable with the key that it replaces.
pub const PREVIOUS_MASTER_KEY_VARIABLE: &str = "GATEWRIGHT_MASTER_KEY_PREVIOUS";
/// The file's name in the data directory.
pub const MASTER_KEY_FILE: &str = "master.key";

/// The master keys of this process.
///
/// A ring from a file follows the file: it is read again before a data key is wrapped and wherever a key
/// is asked for that is not known yet. Both are rare, so no time stamp is trusted to tell a change.
pub struct Keyring {
    path: Option<PathBuf>,
    held: RwLock<Arc<Ring>>,
}

/// The right to change the file; others wait for its end.
pub struct Rotating<'k> {
    keyring: &'k Keyring,
    path: &'k Path,
    _lock: File,
}

impl Keyring {
    /// From the environment. The time of its keys is not known.
    pub fn from_environment(active: &SecretString, previous: Option<&SecretString>) -> Result<Self, VaultError> {
        let read = |text: &SecretString, place: &str| {
            MasterKey::from_hex(text.expose_secret().trim()).ok_or_else(|| VaultError::InvalidMasterKey {
                place: place.to_owned(),
            })
        };
        let mut ring = Ring::of_one(read(active, MASTER_KEY_VARIABLE)?, DateTime::UNIX_EPOCH);
        if let Some(previous) = previous {
            ring = ring.with_previous(read(previous, PREVIOUS_MASTER_KEY_VARIABLE)?, DateTime::UNIX_EPOCH);
        }
        Ok(Self::new(None, ring))
    }

    /// From a file; `None` when there is none.
    pub fn from_file(path: &Path) -> Result<Option<Self>, VaultError> {
        let read = ring_file::read(path)?;
        Ok(read.map(|ring| Self::new(Some(path.to_owned()), ring)))
    }

    /// From a new file with a new key; when another process makes one at the same time, from that.
    pub fn create_file(path: &Path, rng: &Rng, now: DateTime<Utc>) -> Result<Self, VaultError> {
        ring_file::create(path, &Ring::of_one(MasterKey::mint(rng), now))?;
        Self::from_file(path)?.ok_or_else(|| VaultError::InvalidRing {
            place: path.display().to_string(),
            what: "it has vanished",
        })
    }

    fn new(path: Option<PathBuf>, ring: Ring) -> Self {
        Self {
            path,
            held: RwLock::new(Arc::new(ring)),
        }
    }

    /// Where its keys come from, for people.
    pub fn place(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => format!("{MASTER_KEY_VARIABLE} and {PREVIOUS_MASTER_KEY_VARIABLE}"),
        }
    }

    /// Whether it comes from a file.
    pub const fn is_file(&self) -> bool {
        self.path.is_some()
    }

    /// The ring as it is now.
    pub fn ring(&self) -> Arc<Ring> {
        self.follow();
        self.known()
    }

    /// The key that wraps.
    pub fn active(&self) -> Arc<MasterKey> {
        Arc::clone(self.ring().active())
    }

    /// The key with this id.
    pub fn find(&self, id: &MasterKeyId) -> Result<Arc<MasterKey>, VaultError> {
        if let Some(key) = self.known().get(id) {
            return Ok(Arc::clone(key));
        }
        self.ring()
            .get(id)
            .map(Arc::clone)
            .ok_or_else(|| VaultError::UnknownMasterKey {
                id: id.clone(),
                place: self.place(),
            })
    }

    /// Of a ring from the environment: which key wraps. A file says so itself.
    pub fn prefer(&self, id: &MasterKeyId) {
        if self.path.is_some() || self.known().active().id() == id {
            return;
        }
        let mut ring = Ring::clone(&self.known());
        ring.activate(id);
        self.hold(ring);
    }

    /// Takes the right to change the file; `None` for a ring from the environment.
    pub fn rotating(&self) -> Result<Option<Rotating<'_>>, VaultError> {
        let Some(path) = self.path.as_deref() else {
            return Ok(None);
        };
        let lock = ring_file::lock(path)?;
        Ok(Some(Rotating {
            keyring: self,
            path,
            _lock: lock,
        }))
    }

    fn known(&self) -> Arc<Ring> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn hold(&self, ring: Ring) {
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    /// Reads the file again. One that cannot be read changes nothing.
    fn follow(&self) {
        let Some(path) = &self.path else { return };
        match ring_file::read(path) {
            Ok(Some(ring)) => self.hold(ring),
            Ok(None) => {
                tracing::error!(path = %path.display(), "the file with the master keys is gone; going on with what it held");
            }
            Err(error) => tracing::error!(%error, "going on with the master keys that the file held"),
        }
    }
}

impl Rotating<'_> {
    /// Changes the ring and its file.
    pub fn change(&self, change: impl FnOnce(&mut Ring)) -> Result<Arc<Ring>, VaultError> {
        let mut ring = ring_file::read(self.path)?.ok_or_else(|| VaultError::InvalidRing {
            place: self.path.display().to_string(),
            what: "it is gone",
        })?;
        change(&mut ring);
        ring_file::replace(self.path, &ring)?;
        Ok(self.keyring.ring())
    }
}
