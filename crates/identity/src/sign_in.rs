//! Signing in: from what somebody shows to a session.
//!
//! Whoever is unknown is treated as whoever is known, in what is said and in how long it takes: the same look-up, the same
//! hashing, the same counting. Nothing is held open in the database while a password is hashed.

use chrono::TimeDelta;
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::PersonId;
use gatewright_types::text_enum;
use gatewright_vault::{DEVICE_TOKEN_PREFIX, PENDING_TOKEN_PREFIX, mint_person_token};
use secrecy::SecretString;

use crate::model::{Method, PersonState};
use crate::passwords::Hasher;
use crate::sessions::{self, Tokens};
use crate::throttle::{self, SIGN_IN_BY_ADDRESS, SIGN_IN_BY_DEVICE, SIGN_IN_TO_ACCOUNT};
use crate::visit::Visit;
use crate::{IdentityError, store};

/// How long there is for the second factor.
pub const PENDING_LIFE: TimeDelta = TimeDelta::minutes(10);
/// Codes that may be tried for one sign-in.
pub const PENDING_ATTEMPTS_MAX: i32 = 5;
/// How long a browser is known that is not used.
pub const DEVICE_LIFE: TimeDelta = TimeDelta::days(365);

text_enum! {
    /// What can be shown after the first factor.
    pub enum Factor {
        /// A code of an authenticator.
        Totp = "TOTP",
        /// A passkey.
        Passkey = "PASSKEY",
        /// A recovery code.
        RecoveryCode = "RECOVERY_CODE",
    }
}

/// What came of it.
pub enum SignedIn {
    /// They are in.
    Done(Box<Done>),
    /// The first factor was right; one of these is still owed.
    Owing {
        /// What stands for the first factor.
        pending: SecretString,
        /// What would do.
        factors: Vec<Factor>,
    },
}

/// Somebody who is in.
pub struct Done {
    /// Who.
    pub person_id: PersonId,
    /// Their session.
    pub tokens: Tokens,
    /// What the browser is known by from now on, if it was not before.
    pub device: Option<SecretString>,
}

/// Signs in with mail address and password.
pub async fn by_password(
    visit: &Visit,
    hasher: &Hasher,
    email: &str,
    password: &SecretString,
) -> Result<SignedIn, IdentityError> {
    let address = visit.address();
    let mut tx = visit.begin().await?;
    let known = store::people::secret_by_email(&mut tx, email).await?;
    let device = known_device(&mut tx, visit, known.as_ref().map(|known| known.id)).await?;
    let limit = if device { SIGN_IN_BY_DEVICE } else { SIGN_IN_TO_ACCOUNT };
    let counted = throttle::count_all(&mut tx, &[(SIGN_IN_BY_ADDRESS, &address), (limit, email)]).await;
    tx.commit().await?;
    counted?;

    let hash = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = hasher.verify(hash, password).await?;
    let Some(person) = known.filter(|_| right) else {
        return Err(IdentityError::SignInFailed);
    };
    // Said only to whoever knows the password.
    if person.state == PersonState::Suspended {
        return Err(IdentityError::PersonSuspended);
    }
    let mut tx = visit.begin_for(person.id).await?;
    throttle::forgive(&mut tx, SIGN_IN_BY_ADDRESS, &address).await?;
    throttle::forgive(&mut tx, limit, email).await?;
    let signed_in = admit(&mut tx, visit, person.id, &[Method::Password]).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Lets somebody in who has shown who they are by these methods, or asks for a second factor where they have one and have
/// not shown it. The caller commits.
pub async fn admit(
    tx: &mut TenantTx,
    visit: &Visit,
    person_id: PersonId,
    methods: &[Method],
) -> Result<SignedIn, IdentityError> {
    let person = store::people::secret(tx, person_id).await?;
    if person.is_none_or(|person| person.state == PersonState::Suspended) {
        return Err(IdentityError::PersonSuspended);
    }
    let strong = [Method::Totp, Method::RecoveryCode, Method::Passkey];
    if !methods.iter().any(|method| strong.contains(method)) {
        let factors = store::second_factors::of(tx, person_id).await?;
        if !factors.is_empty() {
            let pending = mint_person_token(PENDING_TOKEN_PREFIX, tx.rng());
            let expires_at = tx.now() + PENDING_LIFE;
            store::pending::insert(tx, &pending.hash, person_id, methods, expires_at).await?;
            return Ok(SignedIn::Owing {
                pending: pending.secret,
                factors,
            });
        }
    }
    let tokens = sessions::begin(tx, visit.vault()?, person_id, methods, &visit.device).await?;
    let device = if known_device(tx, visit, Some(person_id)).await? {
        None
    } else {
        let minted = mint_person_token(DEVICE_TOKEN_PREFIX, tx.rng());
        store::devices::insert(tx, &minted.hash, person_id).await?;
        Some(minted.secret)
    };
    Ok(SignedIn::Done(Box::new(Done {
        person_id,
        tokens,
        device,
    })))
}

/// Somebody who still owes the second factor.
pub struct Pending {
    /// Who.
    pub person_id: PersonId,
    /// What they showed first.
    pub methods: Vec<Method>,
    hash: CredentialHash,
}

/// Finds whoever owes a second factor and counts one try; the caller commits that whatever comes of it.
pub async fn owing(tx: &mut TenantTx, pending: &str) -> Result<Pending, IdentityError> {
    let hash = CredentialHash::of(pending.as_bytes());
    let found = store::pending::attempt(tx, &hash).await?;
    let (person_id, methods, attempts) = found.ok_or(IdentityError::CodeInvalid)?;
    if attempts > PENDING_ATTEMPTS_MAX {
        return Err(IdentityError::CodeInvalid);
    }
    Ok(Pending {
        person_id,
        methods,
        hash,
    })
}

/// Finds whoever owes a second factor, without counting.
pub async fn look_at_owing(tx: &mut TenantTx, pending: &str) -> Result<PersonId, IdentityError> {
    let hash = CredentialHash::of(pending.as_bytes());
    let found = store::pending::find(tx, &hash).await?;
    found.ok_or(IdentityError::CodeInvalid)
}

/// Lets them in, the second factor being right. The caller commits.
pub async fn settle(
    tx: &mut TenantTx,
    visit: &Visit,
    pending: &Pending,
    second: Method,
) -> Result<SignedIn, IdentityError> {
    if !store::pending::take(tx, &pending.hash).await? {
        return Err(IdentityError::CodeInvalid);
    }
    let mut methods = pending.methods.clone();
    methods.push(second);
    admit(tx, visit, pending.person_id, &methods).await
}

/// Whether the browser was used by this person before.
async fn known_device(tx: &mut TenantTx, visit: &Visit, person_id: Option<PersonId>) -> Result<bool, IdentityError> {
    let (Some(token), Some(person_id)) = (&visit.known_as, person_id) else {
        return Ok(false);
    };
    let hash = CredentialHash::of(token.as_bytes());
    let idle_since = tx.now() - DEVICE_LIFE;
    Ok(store::devices::touch(tx, &hash, person_id, idle_since).await?)
}
