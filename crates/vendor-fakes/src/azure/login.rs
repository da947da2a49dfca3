//! Microsoft Entra: a client's id and secret for a bearer token.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::json;

use super::{Azure, error};
use crate::stage::Refusal;
use crate::wire::{Request, Response};

/// What a token has to be asked for.
const SCOPE_END: &str = "/.default";

/// The tokens that were given out, and until when each is valid.
#[derive(Default)]
pub(super) struct Tokens {
    until: BTreeMap<String, i64>,
}

impl Tokens {
    pub(super) fn issued(&self) -> impl Iterator<Item = String> {
        self.until.keys().cloned()
    }
}

/// Whether a call is for the login, which listens at the same address.
pub(super) fn is_login(request: &Request) -> bool {
    request.path.ends_with("/oauth2/v2.0/token")
}

/// A refusal in the login's words.
pub(super) fn refusal(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Unauthorized => refused(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215),
        Refusal::Conflict => refused(StatusCode::BAD_REQUEST, "temporarily_unavailable", 90_033),
        Refusal::Throttled => refused(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", 90_055),
        Refusal::Failed(status) => refused(status, "temporarily_unavailable", 90_033),
    }
}

fn refused(status: StatusCode, error: &str, number: u32) -> Response {
    let body = json!({
        "error": error,
        "error_description": format!("AADSTS{number}: The request was refused. Trace ID: 0 Correlation ID: 0"),
        "error_codes": [number],
    });
    Response::json(status, &body)
}

/// Answers one call to the login.
pub(super) fn answer(azure: &mut Azure, request: &Request, now_ms: i64) -> Response {
    let tenant = request
        .path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    if request.method != Method::POST {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", 900_561);
    }
    if tenant != azure.options.tenant_id.to_string() {
        return refused(StatusCode::BAD_REQUEST, "invalid_request", 90_002);
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&request.body).into_owned().collect();
    let of = |name: &str| form.get(name).map_or("", String::as_str);
    if of("grant_type") != "client_credentials" {
        return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003);
    }
    if !of("scope").ends_with(SCOPE_END) {
        return refused(StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012);
    }
    match &azure.options.client {
        Some((id, _)) if of("client_id") != id => {
            return refused(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016);
        }
        Some((_, secret)) if of("client_secret") != secret => {
            return refused(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215);
        }
        _ => {}
    }
    let token = format!("eyJ0eXAiOiJKV1QifQ.{}{}", azure.random_key(), azure.random_key());
    let seconds = azure.options.token_lifetime.as_secs();
    let lasts = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    azure.tokens.until.insert(token.clone(), now_ms.saturating_add(lasts));
    let body =
        json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token });
    Response::json(StatusCode::OK, &body)
}

/// Refuses a call to the service without a token that is valid.
pub(super) fn check(azure: &Azure, request: &Request, now_ms: i64) -> Option<Response> {
    azure.options.client.as_ref()?;
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let until = token.and_then(|token| azure.tokens.until.get(token));
    match until {
        Some(until) if *until > now_ms => None,
        _ => Some(error::unauthorized()),
    }
}
