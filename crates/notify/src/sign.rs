//! Signatures as the Standard Webhooks specification (1.0.0) says: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gatewright_types::Rng;
use gatewright_types::ids::EventId;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a signing secret starts with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret; the specification asks for 24 to 64.
const SECRET_BYTES: usize = 32;

/// A new signing secret: `whsec_` and its bytes in base64.
pub(crate) fn mint(rng: &Rng) -> SecretString {
    let bytes = Zeroizing::new(rng.bytes::<SECRET_BYTES>());
    format!("{PREFIX}{}", STANDARD.encode(*bytes)).into()
}

/// The value of `webhook-signature`: a signature by each secret, newest first.
///
/// None when a secret is none of ours.
pub fn signature(secrets: &[SecretString], id: EventId, timestamp: i64, body: &[u8]) -> Option<String> {
    let mut signatures = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let text = secret.expose_secret().strip_prefix(PREFIX)?;
        let key = Zeroizing::new(STANDARD.decode(text).ok()?);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    Some(signatures.join(" "))
}
