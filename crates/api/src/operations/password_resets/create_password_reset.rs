//! `POST /password-resets`

use axum::response::Response;
use gatewright_catalog::check::Checks;
use gatewright_identity::throttle::{MAIL_BY_ADDRESS, MAIL_TO_ADDRESS};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter};
use crate::operations::sign_ups::create_sign_up::MailStatus;
use crate::visitor::Asked;
use crate::work::respond;

/// Whose password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResetRequest {
    /// The account's mail address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
}

/// What comes next, the same for every address.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetBegun {
    /// What comes next.
    status: MailStatus,
}

impl ResetBegun {
    /// A mail is on its way.
    pub(crate) const fn sent() -> Self {
        Self {
            status: MailStatus::MailSent,
        }
    }
}

/// Ask for a mail by which another password can be chosen.
///
/// The answer is the same whether or not the address has an account.
#[utoipa::path(post, path = "/password-resets", tag = "Sign-in", request_body = ResetRequest, responses((status = 202, description = "A mail follows, if there is such an account", body = ResetBegun)))]
pub(crate) async fn create_password_reset(asked: Asked<ResetRequest>) -> Result<Response, ApiError> {
    let Asked { visitor, body } = asked;
    let mut checks = Checks::default();
    checks.email("/email", &body.email);
    checks.done()?;
    let visit = &visitor.visit;
    visit
        .count(&[(MAIL_BY_ADDRESS, &visit.address()), (MAIL_TO_ADDRESS, &body.email)])
        .await?;
    let mut tx = visit.begin().await?;
    letters::send(&mut tx, Letter::PasswordReset { email: body.email }).await?;
    tx.commit().await?;
    Ok(respond(StatusCode::ACCEPTED, &json!(ResetBegun::sent())))
}
