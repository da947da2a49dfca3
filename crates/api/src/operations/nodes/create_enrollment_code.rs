//! `POST /nodes/enrollment-codes`

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use gatewright_database::{INSTALLATION, SystemUse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract;
use crate::order::Order;
use crate::reveal::Revealing;

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
    #[schema(value_type = Option<String>, example = "gwe_…")]
    code: Revealing,
    /// From when on it is of no use.
    expires_at: DateTime<Utc>,
}

/// Make a one-time code that lets a gateway node in. Needs an installation's token.
#[utoipa::path(post, path = "/nodes/enrollment-codes", tag = "Nodes", request_body = NewEnrollmentCode, responses((status = 201, description = "The code", body = EnrollmentCode)))]
pub(crate) async fn create_enrollment_code(State(state): State<ApiState>, order: Order) -> Result<Response, ApiError> {
    let new: NewEnrollmentCode = extract::json(&order.body)?;
    let name = new.name.unwrap_or_else(|| "node".to_owned());
    let mut checks = Checks::default();
    checks.name("/name", &name);
    checks.done()?;
    let mut deed = order.begin(SystemUse::ManageNodes).await?;
    let caller = deed.caller;
    let made = state
        .nodes()
        .create_enrollment_code(&mut deed.tx, &caller, &name)
        .await?;
    let body = EnrollmentCode {
        code: Revealing::new(made.code),
        expires_at: made.expires_at,
    };
    deed.created(INSTALLATION, &body).await
}
