//! Data keys, one or more per tenant, and what they seal.

use gatewright_types::Rng;
use gatewright_types::ids::TenantId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::VaultError;
use crate::aead::{self, KEY_LENGTH, KeyBytes, NONCE_LENGTH, TAG_LENGTH};

/// Longest secret that is sealed, in bytes.
pub const SECRET_MAX_BYTES: usize = 64 * 1024;
/// The form of a sealed secret.
const FORMAT: u8 = 1;
/// Form and data key version.
const HEADER_LENGTH: usize = 1 + 4;

/// What a secret is sealed for; it opens as nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// What kind of thing it is a secret of, as in `api-key`.
    pub kind: &'static str,
    /// Which one.
    pub id: Uuid,
    /// Its version, where the thing has had several.
    pub version: u32,
}

/// A secret that only its tenant's data key opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// What was kept as these bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, VaultError> {
        if bytes.first() != Some(&FORMAT) || bytes.len() < HEADER_LENGTH + NONCE_LENGTH + TAG_LENGTH {
            return Err(VaultError::Damaged);
        }
        Ok(Self(bytes))
    }

    /// What to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Which data key opens it.
    pub fn data_key_version(&self) -> u32 {
        let mut version = [0; 4];
        version.copy_from_slice(&self.0[1..HEADER_LENGTH]);
        u32::from_be_bytes(version)
    }
}

/// Shows how long it is, nothing of what it is.
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// A tenant's key. It cannot be printed.
pub struct DataKey {
    tenant_id: TenantId,
    version: u32,
    bytes: KeyBytes,
}

impl DataKey {
    /// A new one.
    pub fn mint(tenant_id: TenantId, version: u32, rng: &Rng) -> Self {
        let mut bytes = KeyBytes::new([0; KEY_LENGTH]);
        rng.fill(&mut bytes[..]);
        Self::new(tenant_id, version, bytes)
    }

    pub(crate) const fn new(tenant_id: TenantId, version: u32, bytes: KeyBytes) -> Self {
        Self {
            tenant_id,
            version,
            bytes,
        }
    }

    pub(crate) const fn bytes(&self) -> &KeyBytes {
        &self.bytes
    }

    /// Whose it is.
    pub const fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }

    /// Which of the tenant's data keys it is.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// Seals a secret of at most [`SECRET_MAX_BYTES`].
    ///
    /// # Errors
    ///
    /// `Damaged` for another tenant's, and for a longer one.
    pub fn seal(&self, belonging: &Belonging, rng: &Rng, secret: &SecretString) -> Result<Sealed, VaultError> {
        let plain = secret.expose_secret().as_bytes();
        if belonging.tenant_id != self.tenant_id || plain.len() > SECRET_MAX_BYTES {
            return Err(VaultError::Damaged);
        }
        let mut bytes = Vec::with_capacity(HEADER_LENGTH + NONCE_LENGTH + plain.len() + TAG_LENGTH);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.version.to_be_bytes());
        aead::seal(&self.bytes, &self.aad(belonging), rng, plain, &mut bytes);
        Ok(Sealed(bytes))
    }

    /// Opens what was sealed for exactly this.
    pub fn open(&self, belonging: &Belonging, sealed: &Sealed) -> Result<SecretString, VaultError> {
        if belonging.tenant_id != self.tenant_id || sealed.data_key_version() != self.version {
            return Err(VaultError::Damaged);
        }
        let plain = aead::open(&self.bytes, &self.aad(belonging), &sealed.0[HEADER_LENGTH..])?;
        let text = std::str::from_utf8(&plain).map_err(|_| VaultError::Damaged)?;
        // Its own allocation of the very length: a box made from a longer one would leave a copy behind.
        Ok(SecretString::from(Box::<str>::from(text)))
    }

    fn aad(&self, belonging: &Belonging) -> Vec<u8> {
        let mut aad = b"gatewright/sealed/1/".to_vec();
        aad.extend_from_slice(&self.version.to_be_bytes());
        aad.extend_from_slice(belonging.tenant_id.uuid().as_bytes());
        aad.extend_from_slice(belonging.id.as_bytes());
        aad.extend_from_slice(&belonging.version.to_be_bytes());
        // Last, because it is the one part whose length is not fixed.
        aad.extend_from_slice(belonging.kind.as_bytes());
        aad
    }
}
