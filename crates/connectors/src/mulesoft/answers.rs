//! What Anypoint's answers mean, and the words in which it is told.
//!
//! A client id is a customer's key, and Anypoint repeats it in its complaints: nothing that it says about a call with one is
//! repeated, and our own credentials are struck out of everything.

use std::time::Duration;

use gatewright_egress::Answer;
use http::{HeaderName, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::{RETRY_AFTER_MAX, retry_after};

/// When a call may be made again, in seconds since 1970.
const RATE_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What was asked, as far as the answer's meaning and words depend on it.
pub(crate) struct Told<'a> {
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    /// Whether something new is to be there afterwards, so that a conflict is about what is there already.
    pub(crate) makes: bool,
    pub(crate) secret: bool,
    pub(crate) secrets: [&'a SecretString; 1],
}

/// The platform's complaint: Exchange and API Manager have `message`, Access Management the words of OAuth.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: Option<Value>,
    error: Option<Value>,
    error_description: Option<Value>,
}

impl Complaint {
    fn of(answer: &Answer) -> Option<Self> {
        serde_json::from_slice(&answer.body).ok()
    }

    fn words(&self) -> Option<&str> {
        let said = [&self.message, &self.error_description, &self.error];
        said.into_iter().flatten().find_map(Value::as_str)
    }

    fn mentions(&self, words: &[&str]) -> bool {
        let said = self.words().unwrap_or_default().to_lowercase();
        words.iter().any(|word| said.contains(word))
    }
}

impl Told<'_> {
    /// Whether it says that the object is not there: in the platform's own form, not in that of something before it.
    pub(crate) fn is_absence(&self, answer: &Answer) -> bool {
        answer.status == StatusCode::NOT_FOUND && Complaint::of(answer).is_some_and(|said| said.words().is_some())
    }

    /// The object that it holds.
    pub(crate) fn object<T: DeserializeOwned>(&self, answer: &Answer, link: &Link) -> Result<T, Fault> {
        self.done(answer, link)?;
        // Not with serde's words, which quote the value that was unexpected.
        serde_json::from_slice(&answer.body).map_err(|_| self.unreadable(answer))
    }

    /// That it was done.
    pub(crate) fn done(&self, answer: &Answer, link: &Link) -> Result<(), Fault> {
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(self.fault(answer, link))
        }
    }

    /// A fault of the way there, with what was tried.
    pub(crate) fn unanswered(&self, fault: Fault) -> Fault {
        match fault.kind {
            FaultKind::Parked(_) => fault,
            _ => Fault::new(fault.kind, format!("{}: {}", self.operation, fault.words)),
        }
    }

    /// An answer that says success and cannot be read: what was written, was perhaps written.
    fn unreadable(&self, answer: &Answer) -> Fault {
        let kind = if self.writes {
            FaultKind::UnknownOutcome
        } else {
            FaultKind::Transient
        };
        let words = format!("{}: the answer is not the JSON that Anypoint answers", self.operation);
        Fault::answered(kind, answer.status, &words)
    }

    fn fault(&self, answer: &Answer, link: &Link) -> Fault {
        let complaint = Complaint::of(answer);
        let kind = self.kind(answer, complaint.as_ref(), link);
        let mut words = format!("{}: Anypoint answered {}", self.operation, answer.status.as_u16());
        let said = complaint.as_ref().filter(|_| !self.secret).and_then(Complaint::words);
        if let Some(said) = said {
            words = format!("{words}: {said}");
        }
        Fault::answered(kind, answer.status, &self.without_secrets(words))
    }

    fn kind(&self, answer: &Answer, complaint: Option<&Complaint>, link: &Link) -> FaultKind {
        let mentions = |words: &[&str]| complaint.is_some_and(|complaint| complaint.mentions(words));
        match answer.status {
            StatusCode::UNAUTHORIZED => FaultKind::Unauthenticated,
            // The ceiling's words come before the status: nobody documents which one it has.
            StatusCode::BAD_REQUEST
            | StatusCode::FORBIDDEN
            | StatusCode::CONFLICT
            | StatusCode::UNPROCESSABLE_ENTITY
                if self.makes && mentions(&["maximum", "limit", "quota"]) =>
            {
                FaultKind::QuotaExhausted
            }
            StatusCode::FORBIDDEN => FaultKind::Forbidden,
            StatusCode::NOT_FOUND if self.is_absence(answer) => FaultKind::NotFound,
            // A proxy's: it says nothing about the object.
            StatusCode::NOT_FOUND => FaultKind::Transient,
            StatusCode::BAD_REQUEST if self.makes && mentions(&["already", "exist", "duplicate", "unique"]) => {
                FaultKind::Foreign
            }
            StatusCode::CONFLICT if self.makes => FaultKind::Foreign,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => FaultKind::Conflict,
            StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled(pause(answer, link)),
            StatusCode::METHOD_NOT_ALLOWED => FaultKind::Unsupported,
            // We send JSON and say so: it is not Anypoint that refuses it.
            StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::REQUEST_TIMEOUT => FaultKind::Transient,
            // Exchange says 500 and 503 also when it is called too often, and may have done it all the same.
            status if status.is_server_error() && self.writes => FaultKind::UnknownOutcome,
            status if status.is_server_error() => match pause(answer, link) {
                Some(pause) => FaultKind::Throttled(Some(pause)),
                None => FaultKind::Transient,
            },
            _ => FaultKind::Invalid,
        }
    }

    fn without_secrets(&self, words: String) -> String {
        let secrets = self.secrets.iter().map(|secret| secret.expose_secret());
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(words, |words, secret| words.replace(secret, "…"))
    }
}

/// How long to wait: `Retry-After`, or until the window of the rate ends.
fn pause(answer: &Answer, link: &Link) -> Option<Duration> {
    let reset = || {
        let then_s: i64 = answer.fields.get(&RATE_RESET)?.to_str().ok()?.trim().parse().ok()?;
        let left_ms = then_s.saturating_mul(1000) - link.clock().now_ms();
        Some(Duration::from_millis(u64::try_from(left_ms).unwrap_or(0)).min(RETRY_AFTER_MAX))
    };
    retry_after(answer, link).or_else(reset)
}
