//! People: who signs in.

use gatewright_catalog::check::Checks;
use gatewright_database::TenantTx;
use gatewright_database::error::broken_unique;
use gatewright_types::ids::PersonId;

use crate::model::{Person, PersonState};
use crate::{IdentityError, store};

/// What a person is made from, once they have shown who they are.
#[derive(Debug)]
pub struct NewPerson {
    /// Their mail address.
    pub email: String,
    /// Whether a mail of ours reached it.
    pub email_proven: bool,
    /// Their name.
    pub name: String,
    /// Argon2id of the password, if there is one.
    pub password_hash: Option<String>,
}

/// Makes a person.
pub async fn create(tx: &mut TenantTx, new: NewPerson) -> Result<Person, IdentityError> {
    let id = PersonId::mint(tx.clock(), tx.rng());
    create_as(tx, id, new).await
}

/// Makes a person whose id was minted before: a passkey was made for it.
pub(crate) async fn create_as(tx: &mut TenantTx, id: PersonId, new: NewPerson) -> Result<Person, IdentityError> {
    check(&new.email, &new.name)?;
    let person = Person {
        id,
        email: new.email.clone(),
        name: new.name.clone(),
        has_password: new.password_hash.is_some(),
        state: PersonState::Active,
        created_at: tx.now(),
    };
    taken(&person.email, store::people::insert(tx, person.id, &new).await)?;
    tx.created("identity", "person.created", person.id, &person);
    Ok(person)
}

/// Fails with everything that is wrong with a mail address and a name.
pub(crate) fn check(email: &str, name: &str) -> Result<(), IdentityError> {
    let mut checks = Checks::default();
    checks.email("/email", email);
    checks.name("/name", name);
    Ok(checks.done()?)
}

/// One person.
pub async fn get(tx: &mut TenantTx, id: PersonId) -> Result<Person, IdentityError> {
    store::people::find(tx, id)
        .await?
        .ok_or_else(|| IdentityError::not_found("person", id))
}

/// Whoever has this mail address.
pub async fn find_by_email(tx: &mut TenantTx, email: &str) -> Result<Option<Person>, IdentityError> {
    let Some(found) = store::people::secret_by_email(tx, email).await? else {
        return Ok(None);
    };
    Ok(Some(get(tx, found.id).await?))
}

/// Argon2id of a person's password, if there is one.
pub async fn password_hash(tx: &mut TenantTx, id: PersonId) -> Result<Option<String>, IdentityError> {
    let secret = store::people::secret(tx, id).await?;
    Ok(secret.and_then(|secret| secret.password_hash))
}

/// Gives a person another name.
pub async fn rename(tx: &mut TenantTx, id: PersonId, name: &str) -> Result<Person, IdentityError> {
    let before = get(tx, id).await?;
    let after = Person {
        name: name.to_owned(),
        ..before.clone()
    };
    check(&after.email, name)?;
    store::people::rename(tx, id, name).await?;
    tx.changed("identity", "person.changed", id, &before, &after);
    Ok(after)
}

/// Gives a person another password; the caller ends their sessions.
pub async fn set_password(tx: &mut TenantTx, id: PersonId, hash: &str) -> Result<(), IdentityError> {
    store::people::set_password(tx, id, hash).await?;
    tx.happened("identity", "person.password_changed", id, serde_json::json!({}));
    Ok(())
}

/// Notes that a mail of ours reached a person. Where only an identity provider had said that the address is theirs, whoever
/// reads that mail may be somebody else than whoever made the account: then everything that was set up before is taken away.
pub async fn prove_email(tx: &mut TenantTx, id: PersonId) -> Result<(), IdentityError> {
    if store::people::prove_email(tx, id).await? {
        store::people::forget_factors(tx, id).await?;
        tx.happened("identity", "person.email_proven", id, serde_json::json!({}));
    }
    Ok(())
}

/// Gives a person another mail address, which they have shown to be theirs.
pub async fn set_email(tx: &mut TenantTx, id: PersonId, email: &str) -> Result<Person, IdentityError> {
    let before = get(tx, id).await?;
    let after = Person {
        email: email.to_owned(),
        ..before.clone()
    };
    taken(email, store::people::set_email(tx, id, email).await)?;
    tx.changed("identity", "person.changed", id, &before, &after);
    Ok(after)
}

/// Removes a person with their sessions and whatever they sign in with. What they are as operator or developer, the caller
/// has removed.
pub async fn delete(tx: &mut TenantTx, id: PersonId) -> Result<(), IdentityError> {
    store::people::delete(tx, id).await?;
    // The log keeps that somebody left; not who it was.
    tx.happened("identity", "person.deleted", id, serde_json::json!({}));
    Ok(())
}

fn taken(email: &str, result: Result<(), sqlx::Error>) -> Result<(), IdentityError> {
    match result {
        Err(error) if broken_unique(&error) == Some("people_email") => Err(IdentityError::EmailTaken(email.to_owned())),
        other => Ok(other?),
    }
}
