//! What calls over HTTP have in common, whichever vendor is called.

use std::time::Duration;

use chrono::DateTime;
use gatewright_egress::Answer;
use http::header;

use crate::link::Link;

/// Longest pause that a gateway can ask for.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// A text as one segment of a path, or one value of a query (RFC 3986 §2.3).
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// RFC 9110 §10.2.3: seconds or a date.
pub(crate) fn retry_after(answer: &Answer, link: &Link) -> Option<Duration> {
    let text = answer.fields.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let then = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
            Duration::from_millis(u64::try_from(then - link.clock().now_ms()).unwrap_or(0))
        }
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

/// How far the other side's clock is ahead of ours, in seconds.
pub(crate) fn skew(answer: &Answer, link: &Link) -> Option<i64> {
    let date = answer.fields.get(header::DATE)?.to_str().ok()?;
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp();
    Some(theirs - link.clock().now_ms().div_euclid(1000))
}
