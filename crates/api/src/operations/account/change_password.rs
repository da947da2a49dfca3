//! `PUT /account/password`

use axum::response::Response;
use gatewright_catalog::check::Checks;
use gatewright_identity::people;
use gatewright_identity::sessions::{self, Ending};
use gatewright_native::nodes::Effects;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::letters::{self, Letter, Notice};
use crate::work::Command;

/// The password that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasswordChange {
    /// At least 10 characters, and none that everybody tries first.
    #[schema(value_type = String, min_length = 10, max_length = 256)]
    new_password: SecretString,
}

/// Choose another password. Every other session ends.
#[utoipa::path(put, path = "/account/password", tag = "Account", request_body = PasswordChange, responses((status = 204, description = "Changed")))]
pub(crate) async fn change_password(command: Command<PasswordChange>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    let person = people::get(&mut tx, person_id).await?;
    tx.close().await?;
    let hasher = acting.state().hasher();
    let wanted = &command.body().new_password;
    let mut checks = Checks::default();
    hasher
        .check(&mut checks, "/newPassword", wanted, &[&person.email, &person.name])
        .await;
    checks.done()?;
    let hash = hasher.hash(acting.state().database().rng(), wanted).await?;
    let (mut work, _) = command.begin().await?;
    people::set_password(work.tx(), person_id, &hash).await?;
    sessions::revoke_all(work.tx(), person_id, Some(session_id), Ending::PasswordChanged).await?;
    let notice = Letter::Notice {
        person_id,
        what: Notice::PasswordChanged,
        to: None,
    };
    letters::send(work.tx(), notice).await?;
    work.deleted(Effects::default()).await
}
