//! `POST /account/email-changes/confirm`

use axum::Json;
use gatewright_identity::mail_tokens::{self, Purpose};
use gatewright_identity::people;
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter, Notice};
use crate::visitor::Asked;

/// What the mail carried.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EmailConfirmation {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
}

text_enum! {
    /// What was done.
    pub enum EmailChangeStatus {
        /// The new address is the account's.
        EmailChanged = "EMAIL_CHANGED",
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct EmailChanged {
    /// What was done.
    status: EmailChangeStatus,
    /// The account's address from now on.
    email: String,
}

/// Confirm another mail address by what its mail carried. The old address is told.
#[utoipa::path(post, path = "/account/email-changes/confirm", tag = "Account", request_body = EmailConfirmation, responses((status = 200, description = "Changed", body = EmailChanged)))]
pub(crate) async fn confirm_email_change(asked: Asked<EmailConfirmation>) -> Result<Json<EmailChanged>, ApiError> {
    let Asked { visitor, body } = asked;
    let visit = &visitor.visit;
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;
    let mut tx = visit.begin().await?;
    let (person_id, email) = mail_tokens::take(&mut tx, &body.token, Purpose::EmailChange).await?;
    let email = email.unwrap_or_default();
    let before = people::get(&mut tx, person_id).await?;
    people::set_email(&mut tx, person_id, &email).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::EmailChanged,
        to: Some(before.email),
    };
    letters::send(&mut tx, notice).await?;
    tx.commit().await?;
    Ok(Json(EmailChanged {
        status: EmailChangeStatus::EmailChanged,
        email,
    }))
}
