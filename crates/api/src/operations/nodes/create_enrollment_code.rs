//! `POST /nodes/enrollment-codes`

use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::principal::Installation;
use crate::reveal::Revealing;
use crate::work::respond;

/// The node that a code is for.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewEnrollmentCode {
    /// The node's name; `node` when absent.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
}

/// A code that lets one gateway node in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnrollmentCode {
    /// The code, for GATEWRIGHT_ENROLLMENT_CODE. Shown now and never again; it works once.
    #[schema(value_type = String, example = "gwe_…")]
    code: Revealing,
    /// From when on it is of no use.
    expires_at: DateTime<Utc>,
}

/// Make a one-time code that lets a gateway node in. Needs an installation's token.
#[utoipa::path(post, path = "/nodes/enrollment-codes", tag = "Nodes", request_body = NewEnrollmentCode, responses((status = 201, description = "The code", body = EnrollmentCode)))]
pub(crate) async fn create_enrollment_code(
    State(state): State<ApiState>,
    _: Installation,
    request: Request,
) -> Result<Response, ApiError> {
    let Raw(bytes) = Raw::<BODY_MAX_BYTES>::from_request(request, &state).await?;
    let new: NewEnrollmentCode = extract::json(&bytes)?;
    let name = new.name.unwrap_or_else(|| "node".to_owned());
    let mut checks = Checks::default();
    checks.name("/name", &name);
    checks.done()?;
    let made = state.nodes().create_enrollment_code(&name).await?;
    let body = EnrollmentCode {
        code: Revealing::new(made.code),
        expires_at: made.expires_at,
    };
    respond_with(StatusCode::CREATED, &body)
}

fn respond_with(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_value(body)
        .map_err(|_| ApiError::new(gatewright_types::ProblemCode::Internal, "The answer cannot be written."))?;
    Ok(respond(status, &body))
}
