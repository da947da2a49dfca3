//! Who somebody from a provider is here.
//!
//! Known is provider and subject. Whoever is unknown is never taken for somebody who has the same mail address: that would
//! hand an account to whoever runs, or fools, a provider. They sign in as before and link it themselves.

use gatewright_database::TenantTx;
use gatewright_database::error::broken_unique;
use gatewright_types::ids::{IdentityProviderId, PersonId, SessionId};
use serde_json::json;

use super::arrival::Somebody;
use super::id_token::is_subject;
use super::{Identity, IdentityProvider};
use crate::model::Method;
use crate::people::NewPerson;
use crate::sign_in::{self, SignedIn};
use crate::visit::Visit;
use crate::{IdentityError, settings, sign_up, store};

/// Longest name that is taken over from a provider, in characters.
const NAME_MAX_CHARS: usize = 200;

/// What came of it.
pub enum Arrived {
    /// They are in, or owe a second factor.
    SignedIn(SignedIn),
    /// They have one more identity.
    Linked(PersonId),
}

/// Signs somebody in or up, or gives the person of `links_to` one more identity. The caller commits.
pub(super) async fn arrive(
    visit: &Visit,
    provider: &IdentityProvider,
    somebody: Somebody,
    links_to: Option<(PersonId, SessionId)>,
) -> Result<(Arrived, TenantTx), IdentityError> {
    if !is_subject(&somebody.subject) {
        return Err(IdentityError::ProviderRefused("it did not say who you are"));
    }
    let mut tx = visit.begin().await?;
    let known = store::identities::find(&mut tx, provider.id, &somebody.subject).await?;
    match (links_to, known) {
        (Some(who), known) => {
            tx.close().await?;
            let mut tx = visit.begin_in(who).await?;
            match known {
                // Linked before: nothing to do.
                Some(known) if known == who.0 => {}
                Some(_) => return Err(IdentityError::IdentityTaken),
                None => link(&mut tx, provider, &somebody, who.0).await?,
            }
            Ok((Arrived::Linked(who.0), tx))
        }
        (None, Some(person_id)) => {
            tx.close().await?;
            let mut tx = visit.begin_for(person_id).await?;
            store::identities::used(&mut tx, provider.id, &somebody.subject, somebody.email.as_deref()).await?;
            let signed_in = sign_in::admit(&mut tx, visit, person_id, &[Method::Provider]).await?;
            Ok((Arrived::SignedIn(signed_in), tx))
        }
        (None, None) => {
            let person_id = sign_up(&mut tx, provider, &somebody).await?;
            let signed_in = sign_in::admit(&mut tx, visit, person_id, &[Method::Provider]).await?;
            Ok((Arrived::SignedIn(signed_in), tx))
        }
    }
}

/// Makes a person of somebody unknown, with a customer of their own.
async fn sign_up(
    tx: &mut TenantTx,
    provider: &IdentityProvider,
    somebody: &Somebody,
) -> Result<PersonId, IdentityError> {
    let Some(email) = somebody.email.clone() else {
        return Err(IdentityError::ProviderRefused(
            "it gave no mail address that it has verified",
        ));
    };
    if store::people::secret_by_email(tx, &email).await?.is_some() {
        return Err(IdentityError::NotLinked);
    }
    if !provider.signs_up {
        return Err(IdentityError::SignUpClosed("by this identity provider"));
    }
    let state = settings::get(tx).await?.admit(&email)?;
    let name = name_of(somebody, &email);
    let new = NewPerson {
        email,
        // A mail of ours has not reached it.
        email_proven: false,
        name: name.clone(),
        password_hash: None,
    };
    let person = sign_up::welcome(tx, new, name, state).await?;
    link(tx, provider, somebody, person.id).await?;
    Ok(person.id)
}

fn name_of(somebody: &Somebody, email: &str) -> String {
    let given = somebody.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = given.unwrap_or_else(|| email.split('@').next().unwrap_or(email));
    name.chars()
        .filter(|one| !one.is_control())
        .take(NAME_MAX_CHARS)
        .collect()
}

async fn link(
    tx: &mut TenantTx,
    provider: &IdentityProvider,
    somebody: &Somebody,
    person_id: PersonId,
) -> Result<(), IdentityError> {
    let (subject, email) = (somebody.subject.as_str(), somebody.email.as_deref());
    match store::identities::insert(tx, provider.id, subject, person_id, email).await {
        // Theirs is another one there, or this one was linked a moment ago.
        Err(error) if broken_unique(&error).is_some() => return Err(IdentityError::IdentityTaken),
        other => other?,
    }
    let detail = json!({ "providerId": provider.id });
    tx.happened("identity", "person.identity_linked", person_id, detail);
    Ok(())
}

/// Who a person is elsewhere, by the providers' names. At most one for each provider.
pub async fn list(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Identity>, IdentityError> {
    Ok(store::identities::list(tx, person_id).await?)
}

/// Takes an identity away from a person, who must have another way to sign in.
pub async fn unlink(
    tx: &mut TenantTx,
    person_id: PersonId,
    provider_id: IdentityProviderId,
) -> Result<(), IdentityError> {
    // One after the other, or two that look at the same time take both ways.
    store::people::lock(tx, person_id).await?;
    if !store::identities::delete(tx, person_id, provider_id).await? {
        return Err(IdentityError::not_found("identity", provider_id));
    }
    if !store::identities::can_sign_in(tx, person_id).await? {
        return Err(IdentityError::LastWayIn);
    }
    let detail = json!({ "providerId": provider_id });
    tx.happened("identity", "person.identity_unlinked", person_id, detail);
    Ok(())
}
