//! What AWS's answers mean, and the words in which it is told.
//!
//! The type of a refusal counts and not its status: 429 is both "too fast", which passes, and "no more than so many", which
//! does not; 403 is a wrong signature, an expired token, a wrong clock and a missing permission.

use gatewright_egress::Answer;
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::sign::Keys;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::{retry_after, skew};

/// How far a clock may be off before signatures are refused.
const SKEW_MAX_SECONDS: i64 = 300;

/// What was asked, as far as the answer's meaning and words depend on it.
pub(crate) struct Told<'a> {
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    /// Whether its body holds a customer's secret: no word of the answer is repeated then.
    pub(crate) secret: bool,
    /// What signed it.
    pub(crate) keys: &'a Keys,
}

/// A refusal's type, without `Exception` and without what stands around it, as in
/// `x-amzn-ErrorType: NotFoundException:http://…`.
pub(crate) fn kind_of(answer: &Answer) -> String {
    let field = answer
        .fields
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok());
    let kind = field.map(str::to_owned).or_else(|| {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let said = body.get("__type").or_else(|| body.get("code"))?;
        Some(said.as_str()?.to_owned())
    });
    let kind = kind.or_else(|| between(&String::from_utf8_lossy(&answer.body), "Code"));
    let kind = kind.unwrap_or_default();
    let kind = kind.split(':').next().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    kind.trim_end_matches("Exception").to_owned()
}

fn message_of(answer: &Answer) -> Option<String> {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let said = body
        .as_ref()
        .and_then(|body| body.get("message").or_else(|| body.get("Message"))?.as_str());
    let said = said.map(str::to_owned);
    let said = said.or_else(|| between(&String::from_utf8_lossy(&answer.body), "Message"))?;
    // What follows the first line of a refused signature is all that was signed.
    said.lines().next().map(str::to_owned)
}

/// The token service complains in XML.
fn between(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.to_owned())
}

/// Whether it says that what signed the call is not valid any more.
pub(crate) fn is_expired(answer: &Answer) -> bool {
    matches!(
        answer.status,
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST
    ) && matches!(
        kind_of(answer).as_str(),
        "ExpiredToken" | "UnrecognizedClient" | "InvalidClientTokenId" | "Unauthorized"
    )
}

impl Told<'_> {
    /// Whether it says that the object is not there: in AWS's own words, not in those of something before it.
    pub(crate) fn is_absence(&self, answer: &Answer) -> bool {
        answer.status == StatusCode::NOT_FOUND && kind_of(answer) == "NotFound"
    }

    /// The object that it holds.
    pub(crate) fn object<T: DeserializeOwned>(&self, answer: &Answer, link: &Link) -> Result<T, Fault> {
        self.done(answer, link)?;
        // Not with serde's words, which quote the value that was unexpected.
        serde_json::from_slice(&answer.body).map_err(|_| {
            let kind = if self.writes {
                FaultKind::UnknownOutcome
            } else {
                FaultKind::Transient
            };
            let words = format!("{}: the answer is not the JSON that AWS answers", self.operation);
            Fault::answered(kind, answer.status, &words)
        })
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

    fn fault(&self, answer: &Answer, link: &Link) -> Fault {
        let name = kind_of(answer);
        let said = message_of(answer);
        let mut words = format!("{}: AWS answered {} {name}", self.operation, answer.status.as_u16());
        if clock_is_off(&name, said.as_deref()) {
            let off = skew(answer, link).map(|seconds| format!(" (AWS is ahead by {seconds} s)"));
            words = format!(
                "{words}: this machine's clock is off by more than the {SKEW_MAX_SECONDS} s that AWS accepts{}",
                off.unwrap_or_default()
            );
        } else if let Some(said) = said.filter(|_| !self.secret) {
            words = format!("{words}: {said}");
        }
        Fault::answered(
            self.kind(answer, &name, link),
            answer.status,
            &self.without_secrets(words),
        )
    }

    fn kind(&self, answer: &Answer, name: &str, link: &Link) -> FaultKind {
        match (answer.status, name) {
            (_, "TooManyRequests" | "Throttling" | "RequestLimitExceeded") => {
                FaultKind::Throttled(retry_after(answer, link))
            }
            (_, "LimitExceeded") => FaultKind::QuotaExhausted,
            (_, "AccessDenied" | "NotAuthorized" | "OptInRequired") => FaultKind::Forbidden,
            (
                _,
                "InvalidSignature"
                | "SignatureDoesNotMatch"
                | "IncompleteSignature"
                | "ExpiredToken"
                | "UnrecognizedClient"
                | "InvalidClientTokenId"
                | "MissingAuthenticationToken"
                | "RequestExpired"
                | "Unauthorized",
            )
            | (StatusCode::UNAUTHORIZED, _) => FaultKind::Unauthenticated,
            (StatusCode::FORBIDDEN, _) => FaultKind::Forbidden,
            (StatusCode::NOT_FOUND, "NotFound") => FaultKind::NotFound,
            // A proxy's: it says nothing about the object.
            (StatusCode::NOT_FOUND, _) => FaultKind::Transient,
            (StatusCode::CONFLICT, _) => FaultKind::Conflict,
            (StatusCode::TOO_MANY_REQUESTS, _) => FaultKind::Throttled(retry_after(answer, link)),
            // We send JSON and say so: it is not AWS that refuses it.
            (StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::REQUEST_TIMEOUT, _) => FaultKind::Transient,
            // Something between gave up waiting; AWS may have done it.
            (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, _) if self.writes => FaultKind::UnknownOutcome,
            (status, _) if status.is_server_error() => FaultKind::Transient,
            _ => FaultKind::Invalid,
        }
    }

    fn without_secrets(&self, words: String) -> String {
        let secrets = [Some(&self.keys.secret), self.keys.token.as_ref()];
        let secrets = secrets.into_iter().flatten().map(ExposeSecret::expose_secret);
        secrets.fold(words, |words, secret| words.replace(secret, "…"))
    }
}

fn clock_is_off(name: &str, said: Option<&str>) -> bool {
    let says = |words: &str| said.is_some_and(|said| said.contains(words));
    matches!(name, "RequestExpired" | "RequestTimeTooSkewed")
        || (matches!(name, "InvalidSignature" | "SignatureDoesNotMatch")
            && (says("Signature expired") || says("Signature not yet current")))
}
