//! What stands in Redis about one credential, and why it can be believed: whoever reaches Redis could write there.

use gatewright_snapshot::AccessChange;
use gatewright_types::CredentialHash;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Longest entry, in bytes; a longer one is neither written nor read.
pub(super) const ENTRY_MAX_BYTES: usize = 32 * 1024;
/// Length of the code in front of an entry, in bytes.
const CODE_LENGTH: usize = 32;
/// What is authenticated as what, and in which form.
const ENTRY_DOMAIN: &[u8] = b"gatewright/shared-cache/entry/1";
/// Makes the name from the key.
const NAME_DOMAIN: &[u8] = b"gatewright/shared-cache/name/1";
/// Bytes of a key's name: enough to tell the keys of a few installations apart.
const NAME_LENGTH: usize = 8;

/// A record, and what it was true for.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Entry {
    /// True after the news up to this number.
    pub(super) position: u64,
    /// When it was true, by the clock of whoever wrote it: milliseconds since 1970.
    pub(super) answered_at_ms: i64,
    /// Which credential, and its record.
    pub(super) change: AccessChange,
}

/// What entries are authenticated with: every node of an installation has it from the control plane.
pub(super) struct Key {
    mac: Hmac<Sha256>,
    name: String,
}

impl Key {
    pub(super) fn new(secret: &SecretString) -> Self {
        let mac = Hmac::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes a key of any length");
        let named = Mac::chain_update(mac.clone(), NAME_DOMAIN).finalize().into_bytes();
        let name = named[..NAME_LENGTH].iter().map(|byte| format!("{byte:02x}")).collect();
        Self { mac, name }
    }

    /// Where a credential's entry stands. Another key, another place: installations may share a Redis.
    pub(super) fn place(&self, hash: &CredentialHash) -> String {
        let digits: String = hash.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("gatewright:{}:{digits}", self.name)
    }

    /// Where changes of access are called out.
    pub(super) fn channel(&self) -> String {
        format!("gatewright:{}:access", self.name)
    }

    /// An entry as it is written; none for one that is too long.
    pub(super) fn seal(&self, entry: &Entry) -> Option<Vec<u8>> {
        let json = serde_json::to_vec(entry).ok()?;
        let code = self.over(&json).finalize().into_bytes();
        let sealed = [code.as_slice(), &json].concat();
        (sealed.len() <= ENTRY_MAX_BYTES).then_some(sealed)
    }

    /// What was sealed with this key, and nothing else.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Entry> {
        let (code, json) = sealed.split_at_checked(CODE_LENGTH)?;
        self.over(json).verify_slice(code).ok()?;
        serde_json::from_slice(json).ok()
    }

    fn over(&self, json: &[u8]) -> Hmac<Sha256> {
        Mac::chain_update(self.mac.clone(), ENTRY_DOMAIN).chain_update(json)
    }
}

#[cfg(test)]
mod tests {
    use gatewright_snapshot::Credential;
    use gatewright_types::access::{Environment, KeyStatus};
    use gatewright_types::ids::{KeyId, TenantId};
    use gatewright_types::{Clock, Rng};

    use super::*;

    fn entry() -> Entry {
        let credential = Credential {
            version: 7,
            key_id: KeyId::mint(&Clock::System, &Rng::System),
            tenant_id: TenantId::mint(&Clock::System, &Rng::System),
            environment: Environment::Live,
            status: KeyStatus::Active,
            expires_at_ms: None,
            allowed_addresses: None,
            grants: Default::default(),
        };
        let hash = CredentialHash::of(b"one");
        Entry {
            position: 3,
            answered_at_ms: 5,
            change: AccessChange { hash, credential },
        }
    }

    #[test]
    fn only_what_was_sealed_with_the_key_is_opened() {
        let (ours, theirs) = (Key::new(&"ours".into()), Key::new(&"theirs".into()));
        let sealed = ours.seal(&entry()).unwrap();
        assert_eq!(ours.open(&sealed), Some(entry_like(&sealed)));
        assert_eq!(theirs.open(&sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(ours.open(&damaged), None, "byte {at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(ours.open(&sealed[..length]), None);
        }
        let hash = CredentialHash::of(b"one");
        assert_ne!(ours.place(&hash), theirs.place(&hash));
        assert_ne!(ours.channel(), theirs.channel());
    }

    fn entry_like(sealed: &[u8]) -> Entry {
        serde_json::from_slice(&sealed[CODE_LENGTH..]).unwrap()
    }
}
