//! A key that signs, derived from a master key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::aead::KEY_LENGTH;
use crate::{MasterKey, hex};

/// Signs with Ed25519 (RFC 8032). It cannot be printed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl MasterKey {
    /// A key pair for one purpose: the same from the same master key ([`MasterKey::derive`]), so its private half is kept
    /// nowhere.
    pub fn signing_key(&self, purpose: &str) -> SigningKey {
        let digits = self.derive(purpose);
        let seed = hex::decode_key(digits.expose_secret()).unwrap_or_else(|| Zeroizing::new([0; KEY_LENGTH]));
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed[..]).expect("any 32 bytes are a seed (RFC 8032 §5.1.5)");
        SigningKey { pair }
    }
}

impl SigningKey {
    /// What verifies: 32 bytes.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs: 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}
