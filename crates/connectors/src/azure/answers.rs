//! What Azure's answers mean, and the words in which it is told.
//!
//! The status alone says too little: 404 is an object, a service or a whole Azure subscription; 400 is a typing error, an
//! address that somebody else has, or a ceiling. Code, and which field is named, decide.

use gatewright_egress::Answer;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::retry_after;

/// With what the resource manager says that a resource, and not one of the service's objects, is not there.
const ARM_RESOURCE: &str = "The Resource '";

/// What was asked, as far as the answer's meaning and words depend on it.
pub(crate) struct Told {
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    /// Whether the body, and so a complaint about it, may hold a customer's secret.
    pub(crate) secret: bool,
    /// What is struck out of everything.
    pub(crate) secrets: Vec<SecretString>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Complaint,
}

/// Azure's complaint; details have the same fields and the name of what is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    code: Option<String>,
    message: Option<String>,
    target: Option<String>,
    details: Option<Vec<Complaint>>,
}

impl Complaint {
    fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    fn targets(&self) -> impl Iterator<Item = &str> {
        let details = self.details.iter().flatten();
        details
            .filter_map(|detail| detail.target.as_deref())
            .chain(self.target.as_deref())
    }

    /// Whether one of these fields is what is wrong.
    fn names(&self, fields: &[&str]) -> bool {
        let last = |target: &str| target.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
        self.targets().any(|target| fields.contains(&last(target).as_str()))
    }

    /// Whether a message has one of these words.
    fn says(&self, words: &[&str]) -> bool {
        let messages = self
            .details
            .iter()
            .flatten()
            .filter_map(|detail| detail.message.as_deref());
        let mut messages = messages.chain(self.message.as_deref());
        messages.any(|message| words.iter().any(|word| message.to_ascii_lowercase().contains(word)))
    }
}

impl Told {
    /// Whether it says that the object is not there: one of the service's, and not the service.
    pub(crate) fn is_absence(&self, answer: &Answer) -> bool {
        if answer.status != StatusCode::NOT_FOUND {
            return false;
        }
        let complaint = complaint(answer);
        let arm = complaint
            .message
            .as_deref()
            .is_some_and(|message| message.starts_with(ARM_RESOURCE));
        complaint.is("ResourceNotFound") && !arm
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
            let words = format!("{}: the answer is not the JSON that Azure answers", self.operation);
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
        let complaint = complaint(answer);
        let kind = self.kind(answer, &complaint, link);
        let mut words = format!("{}: Azure answered {}", self.operation, answer.status.as_u16());
        if let Some(code) = &complaint.code {
            words = format!("{words}: {code}");
        }
        let targets: Vec<_> = complaint.targets().collect();
        if !targets.is_empty() {
            words = format!("{words} ({})", targets.join(", "));
        }
        if !self.secret {
            let details = complaint
                .details
                .iter()
                .flatten()
                .filter_map(|detail| detail.message.as_deref());
            let said: Vec<_> = complaint.message.as_deref().into_iter().chain(details).collect();
            words = format!("{words}: {}", said.join(" "));
        }
        Fault::answered(kind, answer.status, &self.without_secrets(words))
    }

    fn kind(&self, answer: &Answer, complaint: &Complaint, link: &Link) -> FaultKind {
        let taken = complaint.names(&["email", "primaryKey", "secondaryKey"]) && complaint.says(&["already", "exist"]);
        match answer.status {
            StatusCode::UNAUTHORIZED => FaultKind::Unauthenticated,
            StatusCode::FORBIDDEN => FaultKind::Forbidden,
            StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled(retry_after(answer, link)),
            // Somebody else has the address or the key.
            StatusCode::BAD_REQUEST | StatusCode::CONFLICT if taken => FaultKind::Foreign,
            // Also without anybody else: two writes to one user or product at a time are enough (azurerm#8571).
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => FaultKind::Conflict,
            StatusCode::BAD_REQUEST if complaint.is("MethodNotAllowedInPricingTier") => FaultKind::Unsupported,
            StatusCode::BAD_REQUEST if complaint.names(&["ownerId"]) => FaultKind::NotFound,
            StatusCode::BAD_REQUEST
                if complaint.says(&["limit reached", "limit exceeded", "limit has been reached"]) =>
            {
                FaultKind::QuotaExhausted
            }
            StatusCode::NOT_FOUND if complaint.code.is_some() => FaultKind::NotFound,
            // A proxy's: it says nothing about the object.
            StatusCode::NOT_FOUND => FaultKind::Transient,
            StatusCode::METHOD_NOT_ALLOWED => FaultKind::Unsupported,
            StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::REQUEST_TIMEOUT => FaultKind::Transient,
            // Something between gave up waiting; it may have been done.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT if self.writes => FaultKind::UnknownOutcome,
            status if status.is_server_error() => FaultKind::Transient,
            _ => FaultKind::Invalid,
        }
    }

    fn without_secrets(&self, words: String) -> String {
        let secrets = self.secrets.iter().map(ExposeSecret::expose_secret);
        secrets
            .filter(|secret| !secret.is_empty())
            .fold(words, |words, secret| words.replace(secret, "…"))
    }
}

fn complaint(answer: &Answer) -> Complaint {
    serde_json::from_slice::<Body>(&answer.body).unwrap_or_default().error
}
