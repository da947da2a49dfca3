//! AES-256-GCM (NIST SP 800-38D), the one cipher of this crate.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use gatewright_types::Rng;
use zeroize::Zeroizing;

use crate::VaultError;

/// Bytes of a key.
pub(crate) const KEY_LENGTH: usize = 32;
/// Bytes of a nonce. Random: a key must not seal more than 2^32 texts (SP 800-38D §8.3), and a data key
/// of one tenant never comes near that.
pub(crate) const NONCE_LENGTH: usize = 12;
/// Bytes of the tag at the end.
pub(crate) const TAG_LENGTH: usize = 16;

/// A key's content.
pub(crate) type KeyBytes = Zeroizing<[u8; KEY_LENGTH]>;

fn key(bytes: &KeyBytes) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, &bytes[..]).expect("the key has the cipher's length");
    LessSafeKey::new(key)
}

/// Appends nonce, ciphertext and tag to `out`, which is allocated once.
pub(crate) fn seal(bytes: &KeyBytes, aad: &[u8], rng: &Rng, plain: &[u8], out: &mut Vec<u8>) {
    let nonce: [u8; NONCE_LENGTH] = rng.bytes();
    // The plain text stands here for a moment: a buffer that grew would leave a copy of it behind.
    out.reserve_exact(NONCE_LENGTH + plain.len() + TAG_LENGTH);
    out.extend_from_slice(&nonce);
    let begin = out.len();
    out.extend_from_slice(plain);
    let tag = key(bytes)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut out[begin..])
        .expect("a secret is far shorter than the cipher's limit");
    out.extend_from_slice(tag.as_ref());
}

/// The plain text of what [`seal`] appended.
pub(crate) fn open(bytes: &KeyBytes, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_LENGTH).ok_or(VaultError::Damaged)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Damaged)?;
    let mut plain = Zeroizing::new(rest.to_vec());
    let length = key(bytes)
        .open_in_place(nonce, Aad::from(aad), &mut plain)
        .map_err(|_| VaultError::Damaged)?
        .len();
    plain.truncate(length);
    Ok(plain)
}
