//! The bearer token: one for all calls, renewed ahead of its end by one of them while the others go on.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::lock;
use gatewright_egress::{Body, Request};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::settings::Checked;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::{retry_after, segment};

/// What share of its life a token is used for before another is asked for.
const RENEW_PERCENT: i64 = 75;
/// A token is not used any more so long before its end: the call takes its time, and clocks differ.
const MARGIN_MS: i64 = 30_000;
/// Longest life that is believed.
const LIFE_MAX_SECONDS: u64 = 24 * 3600;

/// A token.
#[derive(Clone)]
pub(crate) struct Bearer(Arc<SecretString>);

impl Bearer {
    pub(crate) fn field(&self) -> Result<HeaderValue, Fault> {
        HeaderValue::try_from(format!("Bearer {}", self.0.expose_secret())).map_err(|_| {
            Fault::new(
                FaultKind::Transient,
                "the login's token cannot be sent in a header field",
            )
        })
    }

    pub(crate) fn secret(&self) -> SecretString {
        (*self.0).clone()
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

struct Held {
    bearer: Bearer,
    renew_at_ms: i64,
    until_ms: i64,
}

/// The token of a connection, as long as its connector lives.
#[derive(Default)]
pub(crate) struct Tokens {
    held: Mutex<Option<Held>>,
    /// Whoever has it may ask for a token.
    turn: lock::Mutex<()>,
}

impl Tokens {
    /// A token to call with. Others than the one who renews it wait only when there is none that is still good.
    pub(crate) async fn get(&self, link: &Link, at: &Checked) -> Result<Bearer, Fault> {
        let now = link.clock().now_ms();
        match self.look(now) {
            (Some(bearer), false) => return Ok(bearer),
            (Some(bearer), true) => {
                let Some(_turn) = self.turn.try_lock() else {
                    return Ok(bearer);
                };
                // What is there is good for a while yet: that the login is away is no reason to stop.
                return Ok(self.renew(link, at).await.unwrap_or(bearer));
            }
            (None, _) => {}
        }
        let _turn = self.turn.lock().await;
        match self.look(now).0 {
            Some(bearer) => Ok(bearer),
            None => self.renew(link, at).await,
        }
    }

    /// Another token than this one, which was refused.
    pub(crate) async fn instead_of(&self, refused: &Bearer, link: &Link, at: &Checked) -> Result<Bearer, Fault> {
        let _turn = self.turn.lock().await;
        match self.look(link.clock().now_ms()).0 {
            Some(bearer) if !bearer.is(refused) => Ok(bearer),
            _ => self.renew(link, at).await,
        }
    }

    /// The token, if it is good, and whether it is time for another.
    fn look(&self, now_ms: i64) -> (Option<Bearer>, bool) {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Some(held) if now_ms < held.until_ms => (Some(held.bearer.clone()), now_ms >= held.renew_at_ms),
            _ => (None, true),
        }
    }

    async fn renew(&self, link: &Link, at: &Checked) -> Result<Bearer, Fault> {
        let asked_ms = link.clock().now_ms();
        let issued = fetch(link, at).await?;
        let life = i64::try_from(issued.expires_in.min(LIFE_MAX_SECONDS)).unwrap_or(0) * 1000;
        let bearer = Bearer(Arc::new(issued.access_token));
        let held = Held {
            bearer: bearer.clone(),
            renew_at_ms: asked_ms + life * RENEW_PERCENT / 100,
            until_ms: asked_ms + (life - MARGIN_MS).max(0),
        };
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(bearer)
    }
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

async fn fetch(link: &Link, at: &Checked) -> Result<Issued, Fault> {
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
        return serde_json::from_slice(&answer.body).map_err(|_| {
            let words = format!("{OPERATION}: the answer is not the JSON that the login answers");
            Fault::answered(FaultKind::Transient, answer.status, &words)
        });
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
