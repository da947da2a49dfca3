//! Second factors, and passkeys, which replace a password as well.
//!
//! Somebody shows one to complete a sign-in ([`try_to_complete`], [`complete`]) or to show once more who they are ([`check`]). What is shown is
//! worth nothing afterwards, whether it was right or not: a code's step is taken, a recovery code is marked, a challenge is
//! gone. Guessing is counted before anything is looked at, and the count stays whatever comes of it.
//!
//! Start with [`totp`], then [`passkeys`].

mod base32;
pub mod ceremonies;
pub mod passkeys;
pub mod recovery_codes;
mod relying_party;
mod removal;
pub mod totp;

pub use ceremonies::Ceremony;
pub use relying_party::RelyingParty;

use gatewright_database::TenantTx;
use gatewright_types::ids::{PasskeyCeremonyId, PersonId};
use serde_json::Value;

use crate::IdentityError;
use crate::model::Method;
use crate::sign_in::{self, SignedIn};
use crate::throttle::{self, SECOND_FACTOR, TOTP_BY_DAY};
use crate::visit::Visit;

/// What somebody shows.
pub enum Shown<'a> {
    /// A code of an authenticator.
    Totp(&'a str),
    /// A recovery code.
    RecoveryCode(&'a str),
    /// What a passkey answered to a challenge.
    Passkey {
        /// To which.
        ceremony: PasskeyCeremonyId,
        /// Its answer, as `PublicKeyCredential.toJSON()` writes it.
        credential: &'a Value,
        /// By which host and origin it is judged.
        party: &'a RelyingParty,
    },
}

/// What was shown, once it is known that somebody may still try.
pub struct Counted<'a> {
    shown: &'a Shown<'a>,
    /// Which challenge it answers, if there is one; it is gone from the database.
    ceremony: Option<Ceremony>,
}

/// Counts one try of a person and takes the challenge that it answers. The caller commits whatever comes of it, before
/// anything is judged.
pub async fn count<'a>(
    tx: &mut TenantTx,
    person_id: PersonId,
    shown: &'a Shown<'a>,
) -> Result<Counted<'a>, IdentityError> {
    let ceremony = match shown {
        Shown::Passkey { ceremony, .. } => ceremonies::take(tx, *ceremony).await?,
        Shown::Totp(_) => {
            throttle::count(tx, TOTP_BY_DAY, &person_id.to_string()).await?;
            None
        }
        Shown::RecoveryCode(_) => None,
    };
    Ok(Counted { shown, ceremony })
}

/// Whether what was shown is this person's; by what they are known then. `kind` is what a challenge was for.
pub async fn check(
    tx: &mut TenantTx,
    person_id: PersonId,
    counted: Counted<'_>,
    kind: ceremonies::Kind,
) -> Result<Method, IdentityError> {
    match counted.shown {
        Shown::Totp(code) => {
            totp::take(tx, person_id, code).await?;
            throttle::forgive(tx, TOTP_BY_DAY, &person_id.to_string()).await?;
            Ok(Method::Totp)
        }
        Shown::RecoveryCode(code) => {
            recovery_codes::take(tx, person_id, code).await?;
            Ok(Method::RecoveryCode)
        }
        Shown::Passkey { credential, party, .. } => {
            let ceremony = counted.ceremony.ok_or(IdentityError::CodeInvalid)?;
            passkeys::verify(tx, party, ceremony.of(kind)?, credential, Some(person_id)).await?;
            Ok(Method::Passkey)
        }
    }
}

/// A try to complete a sign-in, which is counted.
pub struct Tried<'a> {
    pending: sign_in::Pending,
    counted: Counted<'a>,
}

impl Tried<'_> {
    /// Who owes a second factor.
    pub const fn person_id(&self) -> PersonId {
        self.pending.person_id
    }
}

/// Counts a try to complete a sign-in whose first factor was right. After [`sign_in::PENDING_ATTEMPTS_MAX`] of them it is
/// over.
pub async fn try_to_complete<'a>(
    visit: &Visit,
    pending: &str,
    shown: &'a Shown<'a>,
) -> Result<Tried<'a>, IdentityError> {
    let mut tx = visit.begin().await?;
    let tried = try_once(&mut tx, pending, shown).await;
    tx.commit().await?;
    tried
}

async fn try_once<'a>(tx: &mut TenantTx, pending: &str, shown: &'a Shown<'a>) -> Result<Tried<'a>, IdentityError> {
    let pending = sign_in::owing(tx, pending).await?;
    throttle::count(tx, SECOND_FACTOR, &pending.person_id.to_string()).await?;
    let counted = count(tx, pending.person_id, shown).await?;
    Ok(Tried { pending, counted })
}

/// Lets somebody in whose second factor is right, and says which it was. The caller commits.
pub async fn complete(tx: &mut TenantTx, visit: &Visit, tried: Tried<'_>) -> Result<(SignedIn, Method), IdentityError> {
    let Tried { pending, counted } = tried;
    let person_id = pending.person_id;
    let method = check(tx, person_id, counted, ceremonies::Kind::SecondFactor).await?;
    throttle::forgive(tx, SECOND_FACTOR, &person_id.to_string()).await?;
    Ok((sign_in::settle(tx, visit, &pending, method).await?, method))
}
