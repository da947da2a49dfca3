//! Refusals, in Azure's words.

use http::StatusCode;
use serde_json::{Value, json};

use crate::wire::Response;

/// What refuses a call.
pub(super) struct Refused(Box<Response>);

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        *refused.0
    }
}

/// `{"error":{"code","message","details"}}`.
pub(super) fn answer(status: StatusCode, code: &str, message: &str) -> Response {
    with_details(status, code, message, &Value::Null)
}

fn with_details(status: StatusCode, code: &str, message: &str, details: &Value) -> Response {
    let error = json!({ "code": code, "message": message, "details": details });
    Response::json(status, &json!({ "error": error }))
}

/// No token, or none that is valid.
pub(super) fn unauthorized() -> Response {
    let message = "The access token is invalid or has expired.";
    answer(StatusCode::UNAUTHORIZED, "ExpiredAuthenticationToken", message).with(
        "www-authenticate",
        "Bearer authorization_uri=\"https://login.windows.net/\", error=\"invalid_token\"",
    )
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        Self(Box::new(answer(status, code, message)))
    }

    /// No such object; `what` begins the message, as in `Subscription`.
    pub(super) fn absent(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", &format!("{what} not found."))
    }

    /// A path that leads nowhere: the service, its group or the Azure subscription is another.
    pub(super) fn nowhere(path: &str) -> Self {
        let message = format!(
            "The Resource '{path}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
        );
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", &message)
    }

    /// A field's value is not taken.
    pub(super) fn field(target: &str, message: &str) -> Self {
        let details = json!([{ "code": "ValidationError", "target": target, "message": message }]);
        Self(Box::new(with_details(
            StatusCode::BAD_REQUEST,
            "ValidationError",
            "One or more fields contain incorrect values:",
            &details,
        )))
    }

    /// `If-Match` is missing, or the object is not as it says.
    pub(super) fn precondition() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "Resource was modified since last retrieval.",
        )
    }

    /// What the tier does not have.
    pub(super) fn tier() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "MethodNotAllowedInPricingTier",
            "Method not allowed in Consumption pricing tier",
        )
    }
}
