//! Master keys: they wrap data keys and nothing else.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::hmac;
use gatewright_types::ids::TenantId;
use gatewright_types::{CredentialHash, Rng};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::aead::{self, KEY_LENGTH, KeyBytes, NONCE_LENGTH, TAG_LENGTH};
use crate::data_key::DataKey;
use crate::{VaultError, hex};

/// What a master key's id starts with.
const ID_PREFIX: &str = "mk_";
/// Digits of an id: 64 bits tell the few keys of a ring apart and say nothing of their 256.
const ID_DIGITS: usize = 16;
/// Keeps an id from being the hash of the key for any other purpose.
const ID_DOMAIN: &[u8] = b"gatewright/master-key-id/1";
/// Keeps derived keys apart from whatever else a master key may authenticate.
const DERIVE_DOMAIN: &[u8] = b"gatewright/derived-key/1/";
/// The form of a wrapped data key.
const FORMAT: u8 = 1;

/// A master key's name: made from its content, so the wrong key cannot have the right one.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MasterKeyId(String);

impl MasterKeyId {
    fn of(bytes: &KeyBytes) -> Self {
        let mut input = Zeroizing::new(Vec::with_capacity(ID_DOMAIN.len() + KEY_LENGTH));
        input.extend_from_slice(ID_DOMAIN);
        input.extend_from_slice(&bytes[..]);
        let hash = CredentialHash::of(&input);
        let digits = hex::encode(&hash.as_bytes()[..ID_DIGITS / 2]);
        Self(format!("{ID_PREFIX}{}", *digits))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MasterKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MasterKeyId {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let digits = text.strip_prefix(ID_PREFIX).unwrap_or_default();
        let right = digits.len() == ID_DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        right
            .then(|| Self(text.to_owned()))
            .ok_or("a master key's id is mk_ and 16 hexadecimal digits")
    }
}

/// A master key. It cannot be printed.
pub struct MasterKey {
    id: MasterKeyId,
    bytes: KeyBytes,
}

/// A data key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedDataKey {
    /// What unwraps it.
    pub master_key_id: MasterKeyId,
    /// Form, nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

impl MasterKey {
    /// A new one.
    pub fn mint(rng: &Rng) -> Self {
        let mut bytes = KeyBytes::new([0; KEY_LENGTH]);
        rng.fill(&mut bytes[..]);
        Self::from_bytes(bytes)
    }

    /// The one with these 64 hexadecimal digits; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = hex::decode_key(text)?;
        // A placeholder that somebody forgot to replace.
        let is_placeholder = bytes.iter().all(|byte| *byte == bytes[0]);
        (!is_placeholder).then(|| Self::from_bytes(bytes))
    }

    fn from_bytes(bytes: KeyBytes) -> Self {
        Self {
            id: MasterKeyId::of(&bytes),
            bytes,
        }
    }

    /// Its name.
    pub const fn id(&self) -> &MasterKeyId {
        &self.id
    }

    /// Its 64 digits, for the file that holds it.
    pub(crate) fn to_hex(&self) -> Zeroizing<String> {
        hex::encode(&self.bytes[..])
    }

    /// A key for another purpose, as 64 hexadecimal digits: the same from the same master key, and of no use for finding
    /// that or the key of another purpose (HMAC as a pseudorandom function, NIST SP 800-108 §4).
    pub fn derive(&self, purpose: &str) -> SecretString {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.bytes[..]);
        let mut context = hmac::Context::with_key(&key);
        context.update(DERIVE_DOMAIN);
        context.update(purpose.as_bytes());
        hex::encode(context.sign().as_ref()).as_str().into()
    }

    /// Wraps a data key.
    pub fn wrap(&self, key: &DataKey, rng: &Rng) -> WrappedDataKey {
        let mut bytes = Vec::with_capacity(1 + NONCE_LENGTH + KEY_LENGTH + TAG_LENGTH);
        bytes.push(FORMAT);
        let aad = self.aad(key.tenant_id(), key.version());
        aead::seal(&self.bytes, &aad, rng, &key.bytes()[..], &mut bytes);
        WrappedDataKey {
            master_key_id: self.id.clone(),
            bytes,
        }
    }

    /// Unwraps what was wrapped as this tenant's data key of this version.
    pub fn unwrap(&self, tenant_id: TenantId, version: u32, wrapped: &WrappedDataKey) -> Result<DataKey, VaultError> {
        let (FORMAT, sealed) = wrapped
            .bytes
            .split_first()
            .map(|(form, rest)| (*form, rest))
            .unwrap_or_default()
        else {
            return Err(VaultError::Damaged);
        };
        let plain = aead::open(&self.bytes, &self.aad(tenant_id, version), sealed)?;
        let mut bytes = KeyBytes::new([0; KEY_LENGTH]);
        if plain.len() != KEY_LENGTH {
            return Err(VaultError::Damaged);
        }
        bytes.copy_from_slice(&plain);
        Ok(DataKey::new(tenant_id, version, bytes))
    }

    fn aad(&self, tenant_id: TenantId, version: u32) -> Vec<u8> {
        let mut aad = b"gatewright/data-key/1/".to_vec();
        aad.extend_from_slice(tenant_id.uuid().as_bytes());
        aad.extend_from_slice(&version.to_be_bytes());
        aad.extend_from_slice(self.id.as_str().as_bytes());
        aad
    }
}
