//! What a caller sends and what is kept of it.
//!
//! An API key is `sk_live_` or `sk_test_`, 34 random base-62 characters and 6 check digits: 48
//! characters. The check digits are the CRC-32 of everything before them, so a mistyped or invented
//! key is refused without a look-up. They are no security: 34 characters carry 202 bits.
//!
//! A pair is a client id, `ci_`, 23 random characters and 6 check digits (32), and a client secret, `cs_`, 34
//! random characters and 6 check digits (43).
//!
//! This lives in `types` and not in `vault` because a gateway node needs it and must know nothing
//! of minting or sealing.

use sha2::{Digest, Sha256};

use crate::Environment;

/// The digits of base 62, in the order of their value.
pub const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random characters of a key.
pub const KEY_RANDOM_LENGTH: usize = 34;
/// Check digits at a key's end.
pub const KEY_CHECK_LENGTH: usize = 6;
/// Length of a whole key, in bytes.
pub const KEY_LENGTH: usize = 8 + KEY_RANDOM_LENGTH + KEY_CHECK_LENGTH;
/// What every client id starts with.
pub const CLIENT_ID_PREFIX: &str = "ci_";
/// Random characters of a client id.
pub const CLIENT_ID_RANDOM_LENGTH: usize = 23;
/// Length of a whole client id, in bytes.
pub const CLIENT_ID_LENGTH: usize = 3 + CLIENT_ID_RANDOM_LENGTH + KEY_CHECK_LENGTH;
/// What every client secret starts with.
pub const CLIENT_SECRET_PREFIX: &str = "cs_";
/// Length of a whole client secret, in bytes.
pub const CLIENT_SECRET_LENGTH: usize = 3 + KEY_RANDOM_LENGTH + KEY_CHECK_LENGTH;
/// Longest credential that is looked at; a longer one is nobody's.
pub const CREDENTIAL_MAX_LENGTH: usize = 4096;

/// What every key of an environment starts with.
pub const fn key_prefix(environment: Environment) -> &'static str {
    match environment {
        Environment::Live => "sk_live_",
        Environment::Test => "sk_test_",
    }
}

/// What can be said about a credential without a look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyShape {
    /// One of ours, with the right check digits: worth a look-up.
    Intact,
    /// Starts like one of ours and cannot be one.
    Damaged,
    /// Something else.
    Foreign,
}

/// Judges a credential by its form alone.
pub fn key_shape(credential: &[u8]) -> KeyShape {
    if !credential.starts_with(b"sk_live_") && !credential.starts_with(b"sk_test_") {
        return KeyShape::Foreign;
    }
    whole(credential, 8, KEY_LENGTH)
}

/// Judges the public half of a pair by its form alone.
pub fn client_id_shape(client_id: &[u8]) -> KeyShape {
    if client_id.starts_with(CLIENT_ID_PREFIX.as_bytes()) {
        whole(client_id, CLIENT_ID_PREFIX.len(), CLIENT_ID_LENGTH)
    } else {
        KeyShape::Foreign
    }
}

/// Judges the secret half of a pair by its form alone.
pub fn client_secret_shape(secret: &[u8]) -> KeyShape {
    if secret.starts_with(CLIENT_SECRET_PREFIX.as_bytes()) {
        whole(secret, CLIENT_SECRET_PREFIX.len(), CLIENT_SECRET_LENGTH)
    } else {
        KeyShape::Foreign
    }
}

/// Judges what stands behind a prefix of ours.
fn whole(credential: &[u8], prefix: usize, length: usize) -> KeyShape {
    if credential.len() != length {
        return KeyShape::Damaged;
    }
    let (body, check) = credential.split_at(length - KEY_CHECK_LENGTH);
    if body[prefix..].iter().all(u8::is_ascii_alphanumeric) && check == check_digits(body) {
        KeyShape::Intact
    } else {
        KeyShape::Damaged
    }
}

/// The check digits that belong after `body`.
pub fn check_digits(body: &[u8]) -> [u8; KEY_CHECK_LENGTH] {
    let mut rest = crc32fast::hash(body);
    let mut digits = [b'0'; KEY_CHECK_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// SHA-256 of a credential, exactly as the caller sent it: all that is ever stored or looked up.
///
/// A plain hash is enough because what is hashed is random (202 bits), not chosen by a person.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CredentialHash([u8; 32]);

impl CredentialHash {
    /// Hashes what a caller sent.
    pub fn of(credential: &[u8]) -> Self {
        Self(Sha256::digest(credential).into())
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash that was stored as these 32 bytes; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

/// As 64 hexadecimal digits, for the way between control plane and node.
impl serde::Serialize for CredentialHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (place, byte) in text.chunks_exact_mut(2).zip(self.0) {
            place[0] = DIGITS[usize::from(byte >> 4)];
            place[1] = DIGITS[usize::from(byte & 15)];
        }
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<'de> serde::Deserialize<'de> for CredentialHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let digits = text.as_bytes();
        let wrong = || serde::de::Error::custom("expected 64 hexadecimal digits");
        let value = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        let mut hash = [0; 32];
        if digits.len() != 64 {
            return Err(wrong());
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (value(pair[0]).ok_or_else(wrong)?, value(pair[1]).ok_or_else(wrong)?);
            *byte = high << 4 | low;
        }
        Ok(Self(hash))
    }
}

impl std::hash::Hash for CredentialHash {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

/// Shows the first four bytes only: enough to follow one through a log.
impl std::fmt::Debug for CredentialHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "CredentialHash({:02x}{:02x}{:02x}{:02x}…)",
            self.0[0], self.0[1], self.0[2], self.0[3]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert_eq, prop_assert_ne, proptest};

    fn key(random: &str) -> String {
        let body = format!("sk_live_{random}");
        let check = check_digits(body.as_bytes());
        format!("{body}{}", std::str::from_utf8(&check).unwrap())
    }

    proptest! {
        #[test]
        fn a_key_is_intact_and_any_single_change_is_noticed(random in "[0-9A-Za-z]{34}", at in 8usize..48, with in "[0-9A-Za-z]") {
            let whole = key(&random);
            prop_assert_eq!(key_shape(whole.as_bytes()), KeyShape::Intact);
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = with.as_bytes()[0];
            if bytes != whole.as_bytes() {
                prop_assert_eq!(key_shape(&bytes), KeyShape::Damaged);
            }
        }

        #[test]
        fn two_neighbors_swapped_are_noticed(random in "[0-9A-Za-z]{34}", at in 8usize..47) {
            let whole = key(&random).into_bytes();
            let mut swapped = whole.clone();
            swapped.swap(at, at + 1);
            if swapped != whole {
                prop_assert_eq!(key_shape(&swapped), KeyShape::Damaged);
            }
        }

        #[test]
        fn anything_else_is_foreign_or_damaged(bytes: Vec<u8>) {
            prop_assert_ne!(key_shape(&bytes), KeyShape::Intact);
        }
    }

    proptest! {
        #[test]
        fn a_hash_survives_its_way_to_a_node(bytes: [u8; 32], text: String) {
            let hash = CredentialHash(bytes);
            let written = serde_json::to_string(&hash).unwrap();
            prop_assert_eq!(written.len(), 66);
            prop_assert_eq!(serde_json::from_str::<CredentialHash>(&written).unwrap(), hash);
            // Whatever else comes is an error, never a panic.
            let other = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<CredentialHash>(&other).is_ok(), text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        }
    }

    #[test]
    fn a_hash_is_plain_sha_256() {
        // FIPS 180-4, the example "abc".
        let hash = CredentialHash::of(b"abc");
        assert_eq!(hash.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
