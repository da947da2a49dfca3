//! Refusals as AWS words them: the type in a field of the head, the message in the body.

use http::StatusCode;
use serde_json::json;

use crate::wire::Response;

/// A refusal.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind,
            message: message.into(),
        }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
    }

    pub(super) fn forbidden(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "ConflictException", message)
    }

    /// `what` as AWS calls it, as in `API Key`.
    pub(super) fn absent(what: &str) -> Self {
        let message = format!("Invalid {what} identifier specified");
        Self::new(StatusCode::NOT_FOUND, "NotFoundException", message)
    }

    pub(super) fn throttled() -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Too Many Requests",
        )
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", message)
    }

    /// In the words of the token service, which speaks XML.
    pub(super) fn in_xml(self) -> Response {
        let code = self.kind.trim_end_matches("Exception");
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{}</Message></Error><RequestId>0</RequestId></ErrorResponse>",
            self.message
        );
        Response::text(self.status, "text/xml", body)
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        // What stands behind the colon is of no meaning, and is there.
        let kind = format!(
            "{}:http://internal.amazon.com/coral/com.amazon.coral.service/",
            refused.kind
        );
        Self::json(refused.status, &json!({ "message": refused.message })).with("x-amzn-errortype", &kind)
    }
}
