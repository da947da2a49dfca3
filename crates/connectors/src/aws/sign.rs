//! Signature Version 4 (AWS General Reference, "Create a signed AWS API request").
//!
//! By hand, because what there is for it brings half of AWS's SDK along: ADR 0040. A judge of AWS's own recomputes every
//! signature in the tests.

use chrono::DateTime;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::wire::segment;

/// What signs.
pub(crate) struct Keys {
    pub(crate) access_key_id: String,
    pub(crate) secret: SecretString,
    /// Of those that were lent.
    pub(crate) token: Option<SecretString>,
}

/// What is signed.
pub(crate) struct Unsigned<'a> {
    pub(crate) region: &'a str,
    pub(crate) service: &'static str,
    pub(crate) method: &'a Method,
    pub(crate) host: &'a str,
    /// As it is sent.
    pub(crate) path: &'a str,
    /// As it is sent: encoded, and in the order of its names.
    pub(crate) query: &'a str,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: &'a [u8],
    pub(crate) now_ms: i64,
}

/// What goes along with a call.
pub(crate) struct Signature {
    pub(crate) authorization: String,
    /// `X-Amz-Date`.
    pub(crate) date: String,
}

impl Keys {
    pub(crate) fn sign(&self, call: &Unsigned<'_>) -> Signature {
        let now = DateTime::from_timestamp_millis(call.now_ms).unwrap_or_default();
        let date = now.format("%Y%m%dT%H%M%SZ").to_string();
        let mut fields = vec![("host", call.host), ("x-amz-date", &date)];
        fields.extend(call.content_type.map(|kind| ("content-type", kind)));
        fields.extend(
            self.token
                .as_ref()
                .map(|token| ("x-amz-security-token", token.expose_secret())),
        );
        fields.sort_unstable();
        let names = fields.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let fields: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        // Of every service but S3 the path is encoded once more.
        let canonical = format!(
            "{}\n{}\n{}\n{fields}\n{names}\n{}",
            call.method,
            call.path.split('/').map(segment).collect::<Vec<_>>().join("/"),
            call.query,
            hex(&Sha256::digest(call.body)),
        );
        let scope = [&date[..8], call.region, call.service, "aws4_request"];
        let text = format!(
            "AWS4-HMAC-SHA256\n{date}\n{}\n{}",
            scope.join("/"),
            hex(&Sha256::digest(canonical))
        );
        let secret = format!("AWS4{}", self.secret.expose_secret()).into_bytes();
        let key = scope.iter().fold(secret, |key, part| mac(&key, part));
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={}",
            self.access_key_id,
            scope.join("/"),
            hex(&mac(&key, &text)),
        );
        Signature { authorization, date }
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
