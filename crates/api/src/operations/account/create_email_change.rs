//! `POST /account/email-changes`

use axum::response::Response;
use gatewright_catalog::check::Checks;
use gatewright_identity::throttle::MAIL_TO_ADDRESS;
use gatewright_native::nodes::Effects;
use gatewright_notify::mail::is_address;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter};
use crate::operations::password_resets::create_password_reset::ResetBegun;
use crate::work::Command;

/// The mail address that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmailChange {
    /// The new address.
    #[schema(max_length = 254, example = "ada@example.com")]
    email: String,
}

/// Ask for another mail address: a mail goes there, and what it carries goes to `POST /account/email-changes/confirm`.
#[utoipa::path(post, path = "/account/email-changes", tag = "Account", request_body = EmailChange, responses((status = 202, description = "A mail follows", body = ResetBegun)))]
pub(crate) async fn create_email_change(command: Command<EmailChange>) -> Result<Response, ApiError> {
    let mut checks = Checks::default();
    let email = command.body().email.clone();
    checks.email("/email", &email);
    checks.require(
        is_address(&email),
        "/email",
        "expected a mail address like ada@example.com",
    );
    checks.done()?;
    let acting = command.acting().clone();
    let (person_id, _) = acting.me()?;
    acting.count(MAIL_TO_ADDRESS, &email).await?;
    let (mut work, _) = command.begin().await?;
    letters::send(work.tx(), Letter::EmailChange { person_id, email }).await?;
    work.tx().happened(
        "identity",
        "person.email_change_asked",
        person_id,
        serde_json::json!({}),
    );
    work.accepted(&ResetBegun::sent(), Effects::default()).await
}
