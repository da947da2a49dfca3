//! The bearer token, from Entra's login.

use gatewright_egress::{Body, Request};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::settings::Checked;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::{retry_after, segment};

/// Longest life that is believed, in seconds.
const LIFE_MAX_SECONDS: u64 = 24 * 3600;

/// The field with which a call is made.
pub(crate) fn field(token: &SecretString) -> Result<HeaderValue, Fault> {
    HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).map_err(|_| {
        Fault::new(
            FaultKind::Transient,
            "the login's token cannot be sent in a header field",
        )
    })
}

#[derive(Deserialize)]
struct Issued {
    access_token: SecretString,
    expires_in: u64,
}

/// The login's complaint (RFC 6749 §5.2). Its description is not repeated.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    error: String,
    error_codes: Vec<u64>,
}

const OPERATION: &str = "token.fetch";

/// A token, and its life in milliseconds.
pub(crate) async fn fetch(link: &Link, at: &Checked) -> Result<(SecretString, i64), Fault> {
    let form = format!(
        "client_id={}&client_secret={}&grant_type=client_credentials&scope={}",
        segment(&at.client_id),
        segment(at.client_secret.expose_secret()),
        segment(&at.token_scope),
    );
    let request = Request::new(Method::POST, at.token_url.clone())
        .repeatable()
        .field(header::ACCEPT, HeaderValue::from_static("application/json"))
        .field(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        )
        .body(Body::Whole(form.into_bytes().into()));
    let answer = link.send(OPERATION, request).await.map_err(|fault| match fault.kind {
        FaultKind::Parked(_) => fault,
        // A token more or less changes nothing: there is nothing to be looked at.
        FaultKind::UnknownOutcome => Fault::new(FaultKind::Transient, format!("{OPERATION}: {}", fault.words)),
        kind => Fault::new(kind, format!("{OPERATION}: {}", fault.words)),
    })?;
    if answer.status.is_success() {
        let issued: Issued = serde_json::from_slice(&answer.body).map_err(|_| {
            let words = format!("{OPERATION}: the answer is not the JSON that the login answers");
            Fault::answered(FaultKind::Transient, answer.status, &words)
        })?;
        let life = i64::try_from(issued.expires_in.min(LIFE_MAX_SECONDS)).unwrap_or(0);
        return Ok((issued.access_token, life * 1000));
    }
    let complaint: Complaint = serde_json::from_slice(&answer.body).unwrap_or_default();
    let kind = match answer.status {
        StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled(retry_after(&answer, link)),
        _ if complaint.error == "temporarily_unavailable" => FaultKind::Transient,
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !complaint.error.is_empty() => {
            FaultKind::Unauthenticated
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => FaultKind::Unauthenticated,
        _ => FaultKind::Transient,
    };
    let said: String = complaint
        .error
        .chars()
        .filter(|letter| letter.is_ascii_lowercase() || *letter == '_')
        .collect();
    let numbers: String = complaint
        .error_codes
        .iter()
        .map(|number| format!(" AADSTS{number}"))
        .collect();
    let words = format!(
        "{OPERATION}: the login answered {}: {said}{numbers}",
        answer.status.as_u16()
    );
    Err(Fault::answered(kind, answer.status, &words))
}
