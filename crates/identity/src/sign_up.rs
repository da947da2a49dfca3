//! Signing up: a row that waits until its mail address is shown to be theirs, and then a customer with its first developer.
//!
//! The request that signs up does the same for a known address as for an unknown one; which mail is written is decided by
//! whoever writes it ([`letter`]), later.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_catalog::customers::{self, NewCustomer};
use gatewright_database::TenantTx;
use gatewright_types::CredentialHash;
use gatewright_types::ids::{PersonId, SignUpId};
use gatewright_vault::{BROWSER_TOKEN_PREFIX, MAIL_TOKEN_PREFIX, mint_person_token};
use secrecy::SecretString;

use crate::model::{DeveloperRole, DeveloperState, Person};
use crate::people::{self, NewPerson};
use crate::{IdentityError, developers, settings, store};

/// How long the link in the mail works.
pub const SIGN_UP_LIFE: TimeDelta = TimeDelta::hours(24);

/// Somebody who signs up, with the password hashed.
#[derive(Debug)]
pub struct NewSignUp {
    /// Their mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What the customer is to be called.
    pub customer_name: String,
    /// Argon2id of the password, if there is one.
    pub password_hash: Option<String>,
}

/// A sign-up that waits for its mail.
pub struct Begun {
    /// Its id.
    pub id: SignUpId,
    /// What the browser or script that began it holds.
    pub browser: SecretString,
    /// From when on the mail's link leads nowhere.
    pub expires_at: DateTime<Utc>,
}

/// Begins a sign-up; the caller has a mail written.
pub async fn begin(tx: &mut TenantTx, new: NewSignUp) -> Result<Begun, IdentityError> {
    people::check(&new.email, &new.name)?;
    let (id, expires_at) = (SignUpId::mint(tx.clock(), tx.rng()), tx.now() + SIGN_UP_LIFE);
    let browser = mint_person_token(BROWSER_TOKEN_PREFIX, tx.rng());
    store::sign_ups::insert(tx, id, &new, &browser.hash, expires_at).await?;
    tx.happened("identity", "sign_up.created", id, serde_json::json!({}));
    Ok(Begun {
        id,
        browser: browser.secret,
        expires_at,
    })
}

/// What to write to somebody who signed up.
pub struct Letter {
    /// To which address.
    pub email: String,
    /// By which name.
    pub name: String,
    /// What the mail carries; none where the address has an account, of which the mail reminds.
    pub token: Option<SecretString>,
}

/// What to write, decided when it is written; nothing where the sign-up is over.
pub async fn letter(tx: &mut TenantTx, id: SignUpId) -> Result<Option<Letter>, IdentityError> {
    let Some((email, name)) = store::sign_ups::address(tx, id).await? else {
        return Ok(None);
    };
    let known = store::people::secret_by_email(tx, &email).await?.is_some();
    let token = if known {
        store::sign_ups::delete(tx, id).await?;
        None
    } else {
        let minted = mint_person_token(MAIL_TOKEN_PREFIX, tx.rng());
        store::sign_ups::set_token(tx, id, &minted.hash).await?;
        Some(minted.secret)
    };
    Ok(Some(Letter { email, name, token }))
}

/// Somebody whose mail address was shown to be theirs.
pub struct Verified {
    /// Who they are from now on.
    pub person_id: PersonId,
    /// Whether this is the browser or script that signed up.
    pub begun_here: bool,
}

/// Makes the person, the customer and the developer. What the mail carries is gone afterwards.
pub async fn verify(tx: &mut TenantTx, token: &str, browser: Option<&str>) -> Result<Verified, IdentityError> {
    let hash = CredentialHash::of(token.as_bytes());
    let found = store::sign_ups::take(tx, &hash)
        .await?
        .ok_or(IdentityError::CodeInvalid)?;
    // What holds now, not what held when they began.
    let state = settings::get(tx).await?.admit(&found.email)?;
    let begun_here = browser.is_some_and(|browser| {
        CredentialHash::of(browser.as_bytes()).as_bytes().as_slice() == found.browser_hash.as_slice()
    });
    let new = NewPerson {
        email: found.email,
        email_proven: true,
        name: found.name,
        password_hash: found.password_hash,
    };
    let person = welcome(tx, new, found.customer_name, state).await?;
    Ok(Verified {
        person_id: person.id,
        begun_here,
    })
}

/// Makes a person who came by themselves, with a customer that they own.
pub(crate) async fn welcome(
    tx: &mut TenantTx,
    new: NewPerson,
    customer_name: String,
    state: DeveloperState,
) -> Result<Person, IdentityError> {
    let new_customer = NewCustomer {
        name: customer_name,
        email: Some(new.email.clone()),
    };
    let person = people::create(tx, new).await?;
    let customer = customers::create(tx, new_customer).await?;
    developers::join(tx, person.id, customer.id, DeveloperRole::Owner, state).await?;
    Ok(person)
}
