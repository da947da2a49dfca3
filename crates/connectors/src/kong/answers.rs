//! What Kong's answers mean, and the words in which it is told.
//!
//! Kong repeats the offending value in its message (`UNIQUE violation detected on '{key="…"}'`), so nothing that it says
//! about a body with a secret is repeated, and our own credentials are struck out of everything.

use gatewright_egress::Answer;
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::retry_after;

/// `UNIQUE violation`: the value of a field belongs to another row.
const UNIQUE: i64 = 5;
/// `primary key violation`: the id belongs to another row.
const PRIMARY_KEY: i64 = 3;
/// `foreign key violation`: what a field names is not there.
const FOREIGN_KEY: i64 = 4;
/// `not found`.
const ABSENT: i64 = 6;
/// `operation unsupported`: a node without a database was told to write.
const WITHOUT_DATABASE: i64 = 12;
/// gRPC's `NOT_FOUND`, which Konnect has in its bodies.
const KONNECT_ABSENT: i64 = 5;

/// What was asked, as far as the answer's meaning and words depend on it.
pub(crate) struct Told<'a> {
    pub(crate) operation: &'static str,
    pub(crate) writes: bool,
    /// Whether it is to be there afterwards.
    pub(crate) puts: bool,
    pub(crate) secret: bool,
    pub(crate) secrets: &'a [SecretString],
}

/// Kong's complaint. Konnect's has `detail` or `title`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: Option<String>,
    name: Option<String>,
    code: Option<i64>,
    fields: Option<Map<String, Value>>,
    detail: Option<String>,
    title: Option<String>,
    details: Value,
}

impl Complaint {
    /// Konnect numbers everything that it does not like 3, and says in words which constraint failed, as in
    /// `name (type: unique) constraint failed`.
    fn failed_in_konnect(&self, constraint: &str) -> bool {
        let details = self.details.as_array().into_iter().flatten();
        let mut messages = details.filter_map(|detail| detail["messages"].as_array()).flatten();
        let words = format!("(type: {constraint}) constraint failed");
        messages.any(|message| message.as_str().is_some_and(|message| message.contains(&words)))
    }
}

impl Told<'_> {
    /// Whether it says that the object is not there: in Kong's own words, not in those of something before it, for which
    /// a wrong path is no less absent.
    pub(crate) fn is_absence(&self, answer: &Answer) -> bool {
        if answer.status != StatusCode::NOT_FOUND {
            return false;
        }
        let complaint = complaint(answer);
        let words = [&complaint.message, &complaint.title];
        let says_so = words
            .into_iter()
            .flatten()
            .any(|words| words.eq_ignore_ascii_case("not found"));
        says_so || matches!(complaint.code, Some(ABSENT | KONNECT_ABSENT))
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
        let words = format!("{}: the answer is not the JSON that Kong answers", self.operation);
        Fault::answered(kind, answer.status, &words)
    }

    fn fault(&self, answer: &Answer, link: &Link) -> Fault {
        let complaint = complaint(answer);
        let kind = self.kind(answer, &complaint, link);
        let mut words = format!("{}: Kong answered {}", self.operation, answer.status.as_u16());
        if !self.secret {
            let said = [&complaint.message, &complaint.detail, &complaint.title]
                .into_iter()
                .flatten()
                .next();
            if let Some(said) = said {
                words = format!("{words}: {said}");
            }
        } else if let Some(name) = &complaint.name {
            let fields = complaint.fields.iter().flat_map(Map::keys).map(String::as_str);
            let fields = fields
                .filter(|field| OUR_FIELDS.contains(field))
                .collect::<Vec<_>>()
                .join(", ");
            let known = NAMES.iter().find(|known| *known == name).copied().unwrap_or("refused");
            words = format!("{words}: {known} ({fields})");
        }
        Fault::answered(kind, answer.status, &self.without_secrets(words))
    }

    fn kind(&self, answer: &Answer, complaint: &Complaint, link: &Link) -> FaultKind {
        match (answer.status, complaint.code) {
            (StatusCode::UNAUTHORIZED, _) => FaultKind::Unauthenticated,
            (StatusCode::FORBIDDEN, _) => FaultKind::Forbidden,
            (StatusCode::PAYMENT_REQUIRED, _) => FaultKind::QuotaExhausted,
            (StatusCode::NOT_FOUND, _) if self.is_absence(answer) => FaultKind::NotFound,
            // A proxy's, or a workspace that is gone: it says nothing about the object.
            (StatusCode::NOT_FOUND, _) => FaultKind::Transient,
            (StatusCode::BAD_REQUEST, Some(FOREIGN_KEY)) => FaultKind::NotFound,
            (StatusCode::BAD_REQUEST, _) if complaint.failed_in_konnect("foreign") => FaultKind::NotFound,
            (StatusCode::BAD_REQUEST, _)
                if complaint.failed_in_konnect("unique") || complaint.failed_in_konnect("primary") =>
            {
                FaultKind::Foreign
            }
            (StatusCode::BAD_REQUEST, Some(PRIMARY_KEY)) if complaint.name.is_some() => FaultKind::Foreign,
            // Konnect's conflicts need not have Kong's number; what is taken shows when we look.
            (StatusCode::CONFLICT, Some(UNIQUE) | None) if self.puts => FaultKind::Foreign,
            (StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED, _) => FaultKind::Conflict,
            (StatusCode::TOO_MANY_REQUESTS, _) => FaultKind::Throttled(retry_after(answer, link)),
            (StatusCode::METHOD_NOT_ALLOWED, _) | (_, Some(WITHOUT_DATABASE)) => FaultKind::Unsupported,
            // We send JSON and say so: it is not Kong that refuses it.
            (StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::REQUEST_TIMEOUT, _) => FaultKind::Transient,
            // Something between gave up waiting; Kong may have done it.
            (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT, _) if self.writes => FaultKind::UnknownOutcome,
            (status, _) if status.is_server_error() => FaultKind::Transient,
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

/// The names of Kong's complaints that may be repeated beside a secret.
const NAMES: [&str; 5] = [
    "schema violation",
    "primary key violation",
    "foreign key violation",
    "unique constraint violation",
    "not found",
];
/// The fields of ours that may be.
const OUR_FIELDS: [&str; 6] = ["id", "key", "ttl", "tags", "consumer", "group"];

fn complaint(answer: &Answer) -> Complaint {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
