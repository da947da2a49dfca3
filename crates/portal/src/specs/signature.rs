//! Who may ask to look at a source: whoever signs with its secret, as GitHub does or as Standard Webhooks says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use gatewright_types::Rng;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use secrecy::SecretString;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::limits::SIGNED_AT_TOLERANCE;

/// What a secret starts with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A new secret: `whsec_` and its bytes in base64.
pub(crate) fn mint(rng: &Rng) -> SecretString {
    let bytes = Zeroizing::new(rng.bytes::<SECRET_BYTES>());
    format!("{PREFIX}{}", STANDARD.encode(*bytes)).into()
}

/// Whether a request is signed with the secret.
///
/// GitHub takes the secret's text as the key and signs the body (`X-Hub-Signature-256`, "Validating webhook deliveries").
/// Standard Webhooks 1.0.0 takes its bytes and signs `id.timestamp.body`; there the time is judged, too.
pub(crate) fn is_right(secret: &str, headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(signature) = text("x-hub-signature-256") {
        let expected = signature.strip_prefix("sha256=").and_then(unhex);
        return expected.is_some_and(|expected| signs(secret.as_bytes(), &[body], &expected));
    }
    let (Some(id), Some(timestamp), Some(signatures)) =
        (text("webhook-id"), text("webhook-timestamp"), text("webhook-signature"))
    else {
        return false;
    };
    let at = timestamp
        .parse()
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    if at.is_none_or(|at| (now - at).abs() > SIGNED_AT_TOLERANCE) {
        return false;
    }
    let Some(Ok(key)) = secret.strip_prefix(PREFIX).map(|text| STANDARD.decode(text)) else {
        return false;
    };
    let key = Zeroizing::new(key);
    let head = format!("{id}.{timestamp}.");
    signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|expected| signs(&key, &[head.as_bytes(), body], &expected))
}

/// Compares in constant time.
fn signs(key: &[u8], parts: &[&[u8]], expected: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(expected).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        fields.iter().map(field).collect()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn standard_webhooks_own_example_is_right_for_five_minutes() {
        // Standard Webhooks 1.0.0, "Signature scheme", example.
        let signed = headers(&[
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            (
                "webhook-signature",
                "v1,zzz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ]);
        let body = br#"{"test": 2432232314}"#;
        assert!(is_right(SECRET, &signed, body, at(1_614_265_330)));
        assert!(is_right(SECRET, &signed, body, at(1_614_265_330 + 300)));
        assert!(!is_right(SECRET, &signed, body, at(1_614_265_330 + 301)), "too old");
        assert!(
            !is_right(SECRET, &signed, body, at(1_614_265_330 - 301)),
            "from the future"
        );
        assert!(!is_right(SECRET, &signed, b"{}", at(1_614_265_330)), "another body");
        assert!(
            !is_right("whsec_AAAA", &signed, body, at(1_614_265_330)),
            "another secret"
        );
    }

    #[test]
    fn githubs_own_example_is_right() {
        // GitHub, "Validating webhook deliveries", "Testing the webhook payload validation".
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let signed = headers(&[("x-hub-signature-256", signature)]);
        assert!(is_right("It's a Secret to Everybody", &signed, b"Hello, World!", at(0)));
        assert!(!is_right(
            "It's a Secret to Everybody",
            &signed,
            b"Hello, World?",
            at(0)
        ));
        for wrong in ["sha256=", "sha256=75", "sha1=75", "", "sha256=ü", "sha256=7571070"] {
            let value = HeaderValue::from_bytes(wrong.as_bytes()).unwrap();
            let signed = HeaderMap::from_iter([(http::HeaderName::from_static("x-hub-signature-256"), value)]);
            assert!(
                !is_right("It's a Secret to Everybody", &signed, b"Hello, World!", at(0)),
                "{wrong}"
            );
        }
        assert!(!is_right(SECRET, &HeaderMap::new(), b"", at(0)), "nothing is signed");
    }
}
