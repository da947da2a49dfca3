//! Refusals in Google's envelope, with Apigee's own words for what is wrong.

use http::StatusCode;
use serde_json::json;

use crate::wire::Response;

/// What Apigee says instead of doing it.
pub(super) struct Refused {
    status: StatusCode,
    word: &'static str,
    /// Apigee's own name for it; empty where the refusal is the platform's.
    kind: &'static str,
    message: String,
}

impl Refused {
    pub(super) fn invalid(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", kind, message)
    }

    pub(super) fn absent(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", kind, message)
    }

    /// 409, which Apigee names with gRPC's word for "try again", although that would never help.
    pub(super) fn taken(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ABORTED", kind, message)
    }

    pub(super) fn unauthenticated() -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                       other valid authentication credential.";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", "", message)
    }

    pub(super) fn forbidden(organization: &str) -> Self {
        let message = format!("Permission denied on resource \"organizations/{organization}\" (or it may not exist)");
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", "", message)
    }

    pub(super) fn throttled() -> Self {
        let message =
            "Quota exceeded for quota metric 'Management API calls' and limit 'Management API calls per minute'";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", "", message)
    }

    pub(super) fn failed(status: StatusCode) -> Self {
        let word = match status {
            StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
            StatusCode::GATEWAY_TIMEOUT => "DEADLINE_EXCEEDED",
            _ => "INTERNAL",
        };
        Self::new(status, word, "", "The service is currently unavailable.")
    }

    fn new(status: StatusCode, word: &'static str, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            word,
            kind,
            message: message.into(),
        }
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        let mut body = json!({
            "error": { "code": refused.status.as_u16(), "message": refused.message, "status": refused.word },
        });
        if !refused.kind.is_empty() {
            body["error"]["details"] = json!([
                {
                    "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
                    "violations": [{ "type": refused.kind, "subject": "[::1]:4001:fake", "description": refused.message }],
                },
                { "@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "4711" },
            ]);
        }
        Self::json(refused.status, &body)
    }
}
