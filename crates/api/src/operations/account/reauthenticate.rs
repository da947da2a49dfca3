//! `POST /account/reauthentications`

use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_identity::model::Method;
use gatewright_identity::throttle::{self, REAUTHENTICATE};
use gatewright_identity::{IdentityError, people, sessions};
use gatewright_native::nodes::Effects;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

/// What shows once more who somebody is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Reauthentication {
    /// Their password.
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// Since when it is known again.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reauthenticated {
    /// For the next 15 minutes, what reveals, rotates and deletes is open.
    authenticated_at: DateTime<Utc>,
}

/// Show once more who one is, as some operations ask.
#[utoipa::path(post, path = "/account/reauthentications", tag = "Account", request_body = Reauthentication, responses((status = 200, description = "Known again", body = Reauthenticated)))]
pub(crate) async fn reauthenticate(command: Command<Reauthentication>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    let counted = throttle::count(&mut tx, REAUTHENTICATE, &person_id.to_string()).await;
    let hash = people::password_hash(&mut tx, person_id).await?;
    tx.commit().await?;
    counted?;
    let password = command
        .body()
        .password
        .as_ref()
        .ok_or_else(|| CatalogError::invalid("/password", "expected your password"))?;
    if !acting.state().hasher().verify(hash.as_deref(), password).await? {
        return Err(IdentityError::SignInFailed.into());
    }
    let (mut work, _) = command.begin().await?;
    throttle::forgive(work.tx(), REAUTHENTICATE, &person_id.to_string()).await?;
    sessions::authenticated_again(work.tx(), (person_id, session_id), Method::Password).await?;
    let answered = Reauthenticated {
        authenticated_at: work.tx().now(),
    };
    work.done(&answered, Effects::default()).await
}
