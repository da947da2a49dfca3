//! What a mail carries: works once, ends by itself, and is kept as a hash.

use chrono::TimeDelta;
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;
use gatewright_types::text_enum;
use gatewright_vault::{MAIL_TOKEN_PREFIX, mint_person_token};
use secrecy::SecretString;

use crate::{IdentityError, store};

text_enum! {
    /// What it is for.
    pub enum Purpose {
        /// To choose another password.
        PasswordReset = "PASSWORD_RESET",
        /// To show that a new mail address is theirs.
        EmailChange = "EMAIL_CHANGE",
        /// To go on at another tenant; stands in no mail.
        HandOver = "HAND_OVER",
    }
}

impl Purpose {
    /// How long one works.
    pub const fn life(self) -> TimeDelta {
        match self {
            Self::PasswordReset => TimeDelta::minutes(30),
            Self::EmailChange => TimeDelta::hours(24),
            Self::HandOver => TimeDelta::minutes(1),
        }
    }
}

/// Makes one for a person in the place of those for the same purpose that were not used.
pub async fn mint(
    tx: &mut TenantTx,
    person_id: PersonId,
    purpose: Purpose,
    email: Option<&str>,
) -> Result<SecretString, IdentityError> {
    let minted = mint_person_token(MAIL_TOKEN_PREFIX, tx.rng());
    let expires_at = tx.now() + purpose.life();
    store::mail_tokens::replace(tx, person_id, purpose, email, &minted.hash, expires_at).await?;
    Ok(minted.secret)
}

/// Takes one; from now on it is gone.
pub async fn take(
    tx: &mut TenantTx,
    token: &str,
    purpose: Purpose,
) -> Result<(PersonId, Option<String>), IdentityError> {
    let hash = CredentialHash::of(token.as_bytes());
    store::mail_tokens::take(tx, &hash, purpose)
        .await?
        .ok_or(IdentityError::CodeInvalid)
}
