//! Challenges that an authenticator is asked to sign. One works once and for five minutes, at the tenant and for the purpose
//! that it was made for.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::TenantTx;
use gatewright_types::ids::{InvitationId, PasskeyCeremonyId, PersonId};
use gatewright_types::text_enum;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{IdentityError, store};

/// How long there is to answer.
pub const CEREMONY_LIFE: TimeDelta = TimeDelta::minutes(5);

text_enum! {
    /// What a challenge is for.
    pub enum Kind {
        /// To make another passkey.
        Registration = "REGISTRATION",
        /// To sign in, whoever it is.
        SignIn = "SIGN_IN",
        /// To complete a sign-in.
        SecondFactor = "SECOND_FACTOR",
        /// To show once more who one is.
        Reauthentication = "REAUTHENTICATION",
        /// To make the first passkey of whoever accepts an invitation.
        Invitation = "INVITATION",
    }
}

/// A challenge, for the browser.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Challenge {
    /// Its id, which comes back with the answer.
    pub ceremony_id: PasskeyCeremonyId,
    /// For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` (WebAuthn Level 3 §5.1.8).
    #[schema(value_type = Object)]
    pub options: Value,
    /// From when on it is too late.
    pub expires_at: DateTime<Utc>,
}

/// A challenge that was answered, and is gone from the database.
pub struct Ceremony {
    pub(crate) kind: Kind,
    /// Whose; nobody's where whoever has a passkey may answer, and of an invitation.
    pub(crate) person_id: Option<PersonId>,
    pub(crate) state: Value,
}

/// What is kept of a challenge.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept<S> {
    /// Of an invitation: which, and who whoever accepts it is to be.
    pub(super) invitation: Option<(InvitationId, PersonId)>,
    /// What the answer is judged by.
    pub(super) state: S,
}

/// Keeps what the answer to a challenge is judged by.
pub(super) async fn begin<S: Serialize>(
    tx: &mut TenantTx,
    (kind, person_id): (Kind, Option<PersonId>),
    kept: &Kept<S>,
    options: Value,
) -> Result<Challenge, IdentityError> {
    let id = PasskeyCeremonyId::mint(tx.clock(), tx.rng());
    let expires_at = tx.now() + CEREMONY_LIFE;
    let state = serde_json::to_value(kept).map_err(|_| IdentityError::PasskeyState)?;
    store::ceremonies::insert(tx, id, (kind, person_id), &state, expires_at).await?;
    Ok(Challenge {
        ceremony_id: id,
        options,
        expires_at,
    })
}

/// Takes a challenge, if it is still there.
pub async fn take(tx: &mut TenantTx, id: PasskeyCeremonyId) -> Result<Option<Ceremony>, IdentityError> {
    Ok(store::ceremonies::take(tx, id).await?)
}

impl Ceremony {
    /// Itself, if it was for this.
    pub(super) fn of(self, kind: Kind) -> Result<Self, IdentityError> {
        if self.kind == kind {
            Ok(self)
        } else {
            Err(IdentityError::CodeInvalid)
        }
    }

    pub(super) fn kept<S: DeserializeOwned>(self) -> Result<Kept<S>, IdentityError> {
        serde_json::from_value(self.state).map_err(|_| IdentityError::PasskeyState)
    }
}
