//! `POST /password-resets/complete`

use axum::Json;
use gatewright_catalog::check::Checks;
use gatewright_identity::mail_tokens::{self, Purpose};
use gatewright_identity::people;
use gatewright_identity::sessions::{self, Ending};
use gatewright_identity::throttle::CODE_BY_ADDRESS;
use gatewright_types::text_enum;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter, Notice};
use crate::visitor::Asked;

/// What the mail carried, and the password that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// What the mail's link carries.
    #[schema(example = "gwm_…")]
    token: String,
    /// At least 10 characters, and none that everybody tries first.
    #[schema(value_type = String, min_length = 10, max_length = 256)]
    password: SecretString,
}

text_enum! {
    /// What was done.
    pub enum ResetStatus {
        /// The password is the new one, and every session has ended.
        PasswordChanged = "PASSWORD_CHANGED",
    }
}

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetDone {
    /// What was done.
    status: ResetStatus,
}

/// Choose another password by what a mail carried. Every session ends; a second factor stays.
#[utoipa::path(post, path = "/password-resets/complete", tag = "Sign-in", request_body = NewPassword, responses((status = 200, description = "Changed", body = ResetDone)))]
pub(crate) async fn complete_password_reset(asked: Asked<NewPassword>) -> Result<Json<ResetDone>, ApiError> {
    let Asked { visitor, body } = asked;
    let (visit, hasher) = (&visitor.visit, visitor.state.hasher());
    visit.count(&[(CODE_BY_ADDRESS, &visit.address())]).await?;

    let mut checks = Checks::default();
    hasher.check(&mut checks, "/password", &body.password, &[]).await;
    checks.done()?;
    let hash = hasher.hash(visit.database.rng(), &body.password).await?;
    let mut tx = visit.begin().await?;
    let (person_id, _) = mail_tokens::take(&mut tx, &body.token, Purpose::PasswordReset).await?;
    people::set_password(&mut tx, person_id, &hash).await?;
    // The mail arrived, so the address is theirs.
    people::prove_email(&mut tx, person_id).await?;
    sessions::revoke_all(&mut tx, person_id, None, Ending::PasswordChanged).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::PasswordChanged,
        to: None,
    };
    letters::send(&mut tx, notice).await?;
    tx.commit().await?;
    Ok(Json(ResetDone {
        status: ResetStatus::PasswordChanged,
    }))
}
