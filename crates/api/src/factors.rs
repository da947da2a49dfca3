//! What somebody shows beside a password, as requests carry it.

use gatewright_identity::second_factors::recovery_codes::CODES;
use gatewright_identity::second_factors::{RelyingParty, Shown};
use gatewright_types::ids::PasskeyCeremonyId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::reveal::Revealing;
use crate::visitor::Visitor;

/// What a passkey answered to a challenge.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasskeyAnswer {
    /// Which challenge it answers.
    pub(crate) ceremony_id: PasskeyCeremonyId,
    /// The credential, as `PublicKeyCredential.toJSON()` gives it.
    #[schema(value_type = Object)]
    pub(crate) credential: Value,
}

/// Recovery codes, each shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodes {
    /// Ten codes, each of which replaces a second factor once. Missing where there were some already, and in the repeated
    /// answer to an `Idempotency-Key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 10, example = json!(["9k2m-4rtw-0hxc-71pv"]))]
    recovery_codes: Option<Vec<Revealing>>,
}

impl RecoveryCodes {
    /// Those that were just made, if any were.
    pub(crate) fn new(made: Option<Vec<SecretString>>) -> Self {
        debug_assert!(made.as_ref().is_none_or(|made| made.len() == CODES));
        Self {
            recovery_codes: made.map(|made| made.into_iter().map(Revealing::new).collect()),
        }
    }
}

/// By which host and origin passkeys are judged: those that the request was sent to.
pub(crate) fn relying_party(visitor: &Visitor) -> Result<RelyingParty, ApiError> {
    let origin = visitor.state.portals().origin(&visitor.host);
    Ok(RelyingParty::new(&origin, &visitor.portal.name)?)
}

/// The one thing that somebody shows of those that a request can carry.
pub(crate) fn shown<'a>(
    code: Option<&'a SecretString>,
    recovery_code: Option<&'a SecretString>,
    passkey: Option<(&'a PasskeyAnswer, &'a RelyingParty)>,
) -> Option<Shown<'a>> {
    match (code, recovery_code, passkey) {
        (Some(code), None, None) => Some(Shown::Totp(code.expose_secret())),
        (None, Some(code), None) => Some(Shown::RecoveryCode(code.expose_secret())),
        (None, None, Some((answer, party))) => Some(Shown::Passkey {
            ceremony: answer.ceremony_id,
            credential: &answer.credential,
            party,
        }),
        _ => None,
    }
}
