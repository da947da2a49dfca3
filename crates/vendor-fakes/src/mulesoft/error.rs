//! Refusals, in the platform's words.

use http::StatusCode;
use serde_json::json;

use crate::wire::Response;

/// A refusal. Exchange and API Manager both have `message`; API Manager also a `name`.
pub(super) fn refused(status: StatusCode, message: &str) -> Response {
    let name = match status {
        StatusCode::BAD_REQUEST => "BadRequestError",
        StatusCode::UNAUTHORIZED => "UnauthorizedError",
        StatusCode::FORBIDDEN => "ForbiddenError",
        StatusCode::NOT_FOUND => "NotFoundError",
        StatusCode::CONFLICT => "ConflictError",
        StatusCode::TOO_MANY_REQUESTS => "TooManyRequestsError",
        _ => "InternalError",
    };
    Response::json(
        status,
        &json!({ "status": status.as_u16(), "name": name, "message": message }),
    )
}

pub(super) fn invalid(message: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, message)
}

pub(super) fn absent(what: &str) -> Response {
    refused(StatusCode::NOT_FOUND, &format!("{what} not found"))
}

pub(super) fn forbidden() -> Response {
    refused(
        StatusCode::FORBIDDEN,
        "You don't have permissions to perform this operation",
    )
}
