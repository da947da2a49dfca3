//! What Apigee's answers mean, and the words in which it is told.
//!
//! A consumer key is part of addresses, and Apigee may repeat it in its message: nothing that it says about a call with a key is
//! repeated but the names of its violations. Those also decide what is the matter: a key that is taken is answered with 409
//! and `ABORTED`, gRPC's word for "try again".

use gatewright_egress::Answer;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::retry_after;

/// Apigee's own names of violations begin so.
const KINDS: [&str; 2] = ["keymanagement.service.", "developer.service."];

/// What was asked, as far as the answer's meaning and words depend on it.
pub(crate) struct Told {
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    pub(crate) secret: bool,
    /// What must not be repeated whatever was asked.
    pub(crate) token: SecretString,
}

/// Google's envelope.
#[derive(Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    error: Complaint,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: String,
    status: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    #[serde(rename = "type")]
    kind: String,
}

impl Complaint {
    /// Apigee's own name for what is wrong.
    fn kind(&self) -> Option<&str> {
        let mut kinds = self.details.iter().flat_map(|detail| &detail.violations);
        let ours = |kind: &str| KINDS.iter().any(|begin| kind.starts_with(begin));
        kinds.find_map(|violation| ours(&violation.kind).then_some(violation.kind.as_str()))
    }

    /// Whether that name, or the message where there is none, says so: `AppAlreadyExists`, `app_already_exists`.
    fn says(&self, words: &str) -> bool {
        let text = self.kind().unwrap_or(&self.message);
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        plain.to_ascii_lowercase().contains(words)
    }
}

impl Told {
    /// The object that it holds.
    pub(crate) fn object<T: DeserializeOwned>(&self, answer: &Answer, link: &Link) -> Result<T, Fault> {
        self.done(answer, link)?;
        // Not with serde's words, which quote the value that was unexpected.
        serde_json::from_slice(&answer.body).map_err(|_| {
            // An answer that says success and cannot be read: what was written, was perhaps written.
            let kind = match self.writes {
                true => FaultKind::UnknownOutcome,
                false => FaultKind::Transient,
            };
            let words = format!("{}: the answer is not the JSON that Apigee answers", self.operation);
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
        let envelope: Envelope = serde_json::from_slice(&answer.body).unwrap_or_default();
        let complaint = envelope.error;
        let kind = self.kind(answer, &complaint, link);
        let said = match (self.secret, complaint.kind()) {
            (false, _) => complaint.message.as_str(),
            (true, kind) => kind.unwrap_or_default(),
        };
        let colon = if said.is_empty() { "" } else { ": " };
        let words = format!(
            "{}: Apigee answered {}{colon}{said}",
            self.operation,
            answer.status.as_u16()
        );
        Fault::answered(kind, answer.status, &words.replace(self.token.expose_secret(), "…"))
    }

    fn kind(&self, answer: &Answer, complaint: &Complaint, link: &Link) -> FaultKind {
        match answer.status {
            StatusCode::UNAUTHORIZED => FaultKind::Unauthenticated,
            StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled(retry_after(answer, link)),
            // Some of Google's quotas are answered with 403.
            StatusCode::FORBIDDEN if complaint.status == "RESOURCE_EXHAUSTED" => {
                FaultKind::Throttled(retry_after(answer, link))
            }
            StatusCode::FORBIDDEN => FaultKind::Forbidden,
            // Somebody has the name or the key: perhaps we ourselves, which shows when we look.
            StatusCode::CONFLICT | StatusCode::BAD_REQUEST if complaint.says("alreadyexists") => FaultKind::Foreign,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED => FaultKind::Conflict,
            StatusCode::BAD_REQUEST if complaint.says("limit") => FaultKind::QuotaExhausted,
            // A product that is mapped and gone: trying again does not bring it back.
            StatusCode::NOT_FOUND if complaint.says("apiproductdoes") => FaultKind::Invalid,
            StatusCode::NOT_FOUND if complaint.status == "NOT_FOUND" => FaultKind::NotFound,
            // A proxy's, or a wrong address: it says nothing about the object.
            StatusCode::NOT_FOUND => FaultKind::Transient,
            StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::REQUEST_TIMEOUT => FaultKind::Transient,
            // Something between gave up waiting; Apigee may have done it.
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT if self.writes => FaultKind::UnknownOutcome,
            status if status.is_server_error() => FaultKind::Transient,
            _ => FaultKind::Invalid,
        }
    }
}

/// Whether a fault says that a name or a key is taken.
pub(crate) fn is_taken(fault: &Fault) -> bool {
    fault.kind == FaultKind::Foreign && fault.status.is_some()
}
