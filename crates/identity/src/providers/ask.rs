//! Asking a provider: one request, one answer in JSON, within limits.

use std::time::Duration;

use gatewright_egress::{Body, Client, Overflow, Policy, Request};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::Value;

use super::fault::{Fault, Part};

/// Longest wait for one answer of a provider.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer of a provider, in bytes.
const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// Longest code of an error that is repeated, in bytes.
const ERROR_MAX_BYTES: usize = 64;

static JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Asks for JSON with a request that may carry fields of its own.
pub(super) async fn json(client: &Client, policy: &Policy, part: Part, request: Request) -> Result<Value, Fault> {
    let (status, value) = any_status(client, policy, part, request).await?;
    match value {
        Some(value) if status == StatusCode::OK => Ok(value),
        Some(value) => Err(part.fault(format!("it answered {}", said(status, &value)))),
        None if status == StatusCode::OK => Err(part.fault("it answered something else than JSON")),
        None => Err(part.fault(format!("it answered {status}"))),
    }
}

async fn any_status(
    client: &Client,
    policy: &Policy,
    part: Part,
    request: Request,
) -> Result<(StatusCode, Option<Value>), Fault> {
    let request = request
        .field(ACCEPT, JSON.clone())
        // What a provider is asked, it answers itself: OpenID Connect Discovery §4.2 knows no other status than 200, and a
        // code or a token must not be carried anywhere else.
        .max_redirects(0)
        .max_body_bytes(ANSWER_MAX_BYTES, Overflow::Refuse)
        .total_timeout(ASK_TIMEOUT);
    let answer = client
        .send(request, policy)
        .await
        .map_err(|why| Fault::Unreachable { part, why })?;
    Ok((answer.status, serde_json::from_slice(&answer.body).ok()))
}

/// A POST of a form.
pub(super) fn form(url: &str, fields: &[(&str, &str)]) -> Request {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    Request::post(url)
        .field(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )
        .body(Body::Whole(text.finish().into_bytes().into()))
}

/// A status with the code of RFC 6749 §5.2, where there is one.
fn said(status: StatusCode, value: &Value) -> String {
    match value["error"].as_str() {
        Some(error) => format!("{status} ({})", code(error)),
        None => status.to_string(),
    }
}

/// The code of an error, as far as it is one: nothing else of what a stranger sends is repeated.
pub(super) fn code(error: &str) -> &str {
    let is_code = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let right = (1..=ERROR_MAX_BYTES).contains(&error.len()) && error.bytes().all(is_code);
    if right { error } else { "an error" }
}
