//! Passkeys: a key pair in a phone, a computer or a stick, for one host (WebAuthn Level 3).
//!
//! A passkey stands for password and second factor together, so the authenticator has to ask for a finger, a face or a
//! number each time (user verification), also where it is the second factor only. It signs in whom it was made for: by the
//! row that its id finds, never by what it says of its owner.

use chrono::{DateTime, Utc};
use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_database::TenantTx;
use gatewright_database::error::broken_unique;
use gatewright_types::ids::{InvitationId, PasskeyCeremonyId, PasskeyId, PersonId};
use gatewright_types::problem::FieldError;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey as Key, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential,
};

use super::ceremonies::{self, Ceremony, Challenge, Kept, Kind};
use super::relying_party::RelyingParty;
use super::{recovery_codes, removal};
use crate::model::Method;
use crate::sign_in::{self, SignedIn};
use crate::throttle::{self, SIGN_IN_BY_ADDRESS};
use crate::visit::Visit;
use crate::{IdentityError, people, store};

/// Most passkeys of a person.
pub const PASSKEYS_PER_PERSON_MAX: usize = 20;

/// A passkey of a person; never more of it than its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    #[schema(example = "Phone")]
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last signed in.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A passkey that was just added.
pub struct Added {
    /// Itself.
    pub passkey: Passkey,
    /// New recovery codes, where there were none.
    pub recovery_codes: Option<Vec<SecretString>>,
}

// --- Making one -----------------------------------------------------------------------------------------------------

/// A challenge to make another passkey, by whatever has none of this person yet.
pub async fn begin_registration(
    tx: &mut TenantTx,
    party: &RelyingParty,
    person_id: PersonId,
) -> Result<Challenge, IdentityError> {
    let person = people::get(tx, person_id).await?;
    let known = store::passkeys::keys(tx, person_id).await?;
    room_for_one(known.len())?;
    let known = known.iter().map(|key| key.cred_id().clone()).collect();
    let (options, state) = creation(party, person_id, (&person.email, &person.name), known)?;
    let kept = Kept {
        invitation: None,
        state,
    };
    asked_for(tx, person_id);
    ceremonies::begin(tx, (Kind::Registration, Some(person_id)), &kept, options).await
}

/// A challenge to make the first passkey of whoever accepts an invitation, and is a person only then.
pub async fn begin_for_invitation(
    tx: &mut TenantTx,
    party: &RelyingParty,
    (id, email): (InvitationId, &str),
    name: &str,
    has_account: bool,
) -> Result<Challenge, IdentityError> {
    // What a mail alone proves gives no new way into an account that is there.
    if has_account {
        return Err(IdentityError::HasAccount);
    }
    people::check(email, name)?;
    let person_id = PersonId::mint(tx.clock(), tx.rng());
    let (options, state) = creation(party, person_id, (email, name), Vec::new())?;
    let kept = Kept {
        invitation: Some((id, person_id)),
        state,
    };
    ceremonies::begin(tx, (Kind::Invitation, None), &kept, options).await
}

/// Adds the passkey that answered a challenge, under a name.
pub async fn add(
    tx: &mut TenantTx,
    party: &RelyingParty,
    person_id: PersonId,
    (ceremony, credential): (Option<Ceremony>, &Value),
    name: &str,
) -> Result<Added, IdentityError> {
    check_name(name)?;
    let ceremony = ceremony.ok_or(IdentityError::CodeInvalid)?.of(Kind::Registration)?;
    if ceremony.person_id != Some(person_id) {
        return Err(IdentityError::CodeInvalid);
    }
    let key = register(party, &ceremony.kept()?, credential)?;
    insert(tx, person_id, key, name).await
}

/// A passkey whose owner is about to be made.
pub struct First {
    /// Who they are to be.
    pub(crate) person_id: PersonId,
    key: Key,
    name: String,
}

/// Judges the answer to a challenge of an invitation, which is to be kept under a name.
pub fn judge_first(
    party: &RelyingParty,
    invitation_id: InvitationId,
    (ceremony, credential): (Option<Ceremony>, &Value),
    name: &str,
) -> Result<First, IdentityError> {
    check_name(name)?;
    let ceremony = ceremony.ok_or(IdentityError::CodeInvalid)?.of(Kind::Invitation)?;
    let kept = ceremony.kept()?;
    let key = register(party, &kept, credential)?;
    match kept.invitation {
        Some((id, person_id)) if id == invitation_id => {
            let name = name.to_owned();
            Ok(First { person_id, key, name })
        }
        _ => Err(IdentityError::CodeInvalid),
    }
}

/// Adds the first passkey of somebody who was just made.
pub(crate) async fn add_first(tx: &mut TenantTx, first: First) -> Result<Added, IdentityError> {
    insert(tx, first.person_id, first.key, &first.name).await
}

fn creation(
    party: &RelyingParty,
    person_id: PersonId,
    (email, name): (&str, &str),
    known: Vec<CredentialID>,
) -> Result<(Value, PasskeyRegistration), IdentityError> {
    let begun = party
        .webauthn()?
        .start_passkey_registration(person_id.uuid(), email, name, Some(known));
    let (options, state) = begun.map_err(|_| IdentityError::PasskeyState)?;
    let mut options = serde_json::to_value(options.public_key).map_err(|_| IdentityError::PasskeyState)?;
    // Whoever has a passkey is to sign in without being named first, so it should be found by the host alone.
    options["authenticatorSelection"]["residentKey"] = json!("preferred");
    Ok((options, state))
}

fn register(party: &RelyingParty, kept: &Kept<PasskeyRegistration>, credential: &Value) -> Result<Key, IdentityError> {
    let answer: RegisterPublicKeyCredential = read(credential)?;
    let made = party.webauthn()?.finish_passkey_registration(&answer, &kept.state);
    made.map_err(|error| refused(&error))
}

async fn insert(tx: &mut TenantTx, person_id: PersonId, key: Key, name: &str) -> Result<Added, IdentityError> {
    store::people::lock(tx, person_id).await?;
    room_for_one(store::passkeys::list(tx, person_id).await?.len())?;
    let passkey = Passkey {
        id: PasskeyId::mint(tx.clock(), tx.rng()),
        name: name.to_owned(),
        created_at: tx.now(),
        last_used_at: None,
    };
    match store::passkeys::insert(tx, person_id, &passkey, &key).await {
        Err(error) if broken_unique(&error).is_some() => return Err(IdentityError::PasskeyKnown),
        other => other?,
    }
    let detail = json!({ "personId": person_id, "name": passkey.name });
    tx.happened("identity", "passkey.created", passkey.id, detail);
    let recovery_codes = recovery_codes::make_if_none(tx, person_id).await?;
    Ok(Added {
        passkey,
        recovery_codes,
    })
}

fn room_for_one(there_are: usize) -> Result<(), IdentityError> {
    if there_are < PASSKEYS_PER_PERSON_MAX {
        return Ok(());
    }
    Err(IdentityError::LimitReached {
        max: PASSKEYS_PER_PERSON_MAX,
        what: "passkeys of this person",
    })
}

// --- Using one ------------------------------------------------------------------------------------------------------

/// A challenge for whoever has a passkey here; which of them is known by the answer.
pub async fn begin_sign_in(tx: &mut TenantTx, party: &RelyingParty) -> Result<Challenge, IdentityError> {
    let (options, state) = request(party, None)?;
    ceremonies::begin(tx, (Kind::SignIn, None), &plain(state), options).await
}

/// A challenge for the passkeys of one person, to complete a sign-in or to show once more who they are.
pub async fn begin_for(
    tx: &mut TenantTx,
    party: &RelyingParty,
    person_id: PersonId,
    kind: Kind,
) -> Result<Challenge, IdentityError> {
    let known = store::passkeys::keys(tx, person_id).await?;
    if known.is_empty() {
        return Err(IdentityError::NoPasskey);
    }
    let (options, state) = request(party, Some(&known))?;
    asked_for(tx, person_id);
    ceremonies::begin(tx, (kind, Some(person_id)), &plain(state), options).await
}

/// Signs in whom the passkey belongs to.
pub async fn sign_in(
    visit: &Visit,
    party: &RelyingParty,
    ceremony: PasskeyCeremonyId,
    credential: &Value,
) -> Result<SignedIn, IdentityError> {
    let answer: PublicKeyCredential = read(credential)?;
    let address = visit.address();
    let mut tx = visit.begin().await?;
    let counted = throttle::count(&mut tx, SIGN_IN_BY_ADDRESS, &address).await;
    let ceremony = ceremonies::take(&mut tx, ceremony).await?;
    let owner = store::passkeys::owner(&mut tx, answer.get_credential_id()).await?;
    tx.commit().await?;
    counted?;
    let (Some(ceremony), Some(person_id)) = (ceremony, owner) else {
        return Err(IdentityError::CodeInvalid);
    };

    // The challenge may have been for somebody who owes a second factor: a passkey is both.
    let wanted = ceremony.person_id;
    if !matches!(
        (ceremony.kind, wanted),
        (Kind::SignIn, None) | (Kind::SecondFactor, Some(_))
    ) {
        return Err(IdentityError::CodeInvalid);
    }
    let mut tx = visit.begin_for(person_id).await?;
    verify(&mut tx, party, ceremony, credential, wanted).await?;
    throttle::forgive(&mut tx, SIGN_IN_BY_ADDRESS, &address).await?;
    let signed_in = sign_in::admit(&mut tx, visit, person_id, &[Method::Passkey]).await?;
    tx.commit().await?;
    Ok(signed_in)
}

/// Judges the answer to a challenge; whose passkey it is. Where somebody is `wanted`, it is theirs, or it is refused.
pub(super) async fn verify(
    tx: &mut TenantTx,
    party: &RelyingParty,
    ceremony: Ceremony,
    credential: &Value,
    wanted: Option<PersonId>,
) -> Result<PersonId, IdentityError> {
    if ceremony.person_id != wanted {
        return Err(IdentityError::CodeInvalid);
    }
    let answer: PublicKeyCredential = read(credential)?;
    let found = store::passkeys::hold(tx, answer.get_credential_id()).await?;
    let mut found = found.ok_or(IdentityError::CodeInvalid)?;
    // WebAuthn Level 3 §7.2, step 6: whoever was named first is the owner; whoever was not is named by the passkey, and is
    // the owner as well.
    let named = answer.get_user_unique_id();
    let right = match wanted {
        Some(wanted) => {
            wanted == found.person_id && named.is_none_or(|named| named == wanted.uuid().as_bytes().as_slice())
        }
        None => named == Some(found.person_id.uuid().as_bytes().as_slice()),
    };
    if !right {
        return Err(IdentityError::CodeInvalid);
    }
    let state: Kept<DiscoverableAuthentication> = ceremony.kept()?;
    let webauthn = party.webauthn()?;
    let result = webauthn
        .finish_discoverable_authentication_v2(&answer, state.state, &found.key)
        .map_err(|error| refused(&error))?;
    found.key.update_credential(&result);
    store::passkeys::used(tx, found.id, &found.key).await?;
    Ok(found.person_id)
}

fn asked_for(tx: &mut TenantTx, person_id: PersonId) {
    let detail = json!({ "personId": person_id });
    tx.happened("identity", "passkey.asked_for", person_id, detail);
}

fn request(party: &RelyingParty, known: Option<&[Key]>) -> Result<(Value, DiscoverableAuthentication), IdentityError> {
    let webauthn = party.webauthn()?;
    let begun = webauthn.start_discoverable_authentication();
    let (mut options, state) = begun.map_err(|_| IdentityError::PasskeyState)?;
    if let Some(known) = known {
        // Only for the list of what is allowed: its own challenge and its copies of the keys are dropped. An answer is
        // judged by the row as it is then, so that no counter is compared with an old one.
        let named = webauthn.start_passkey_authentication(known);
        let (named, _) = named.map_err(|_| IdentityError::PasskeyState)?;
        options.public_key.allow_credentials = named.public_key.allow_credentials;
    }
    let options = serde_json::to_value(options.public_key).map_err(|_| IdentityError::PasskeyState)?;
    Ok((options, state))
}

const fn plain(state: DiscoverableAuthentication) -> Kept<DiscoverableAuthentication> {
    Kept {
        invitation: None,
        state,
    }
}

fn read<T: DeserializeOwned>(credential: &Value) -> Result<T, IdentityError> {
    T::deserialize(credential).map_err(|error| {
        let detail = format!("expected what PublicKeyCredential.toJSON() gives: {error}");
        CatalogError::Invalid(vec![FieldError::new("/credential", detail)]).into()
    })
}

/// Whoever shows something wrong is told only that; why, stands in the log.
fn refused(error: &webauthn_rs::prelude::WebauthnError) -> IdentityError {
    tracing::info!(%error, "a passkey was refused");
    IdentityError::CodeInvalid
}

// --- Those that there are -------------------------------------------------------------------------------------------

/// The passkeys of a person, the oldest first.
pub async fn list(tx: &mut TenantTx, person_id: PersonId) -> Result<Vec<Passkey>, IdentityError> {
    Ok(store::passkeys::list(tx, person_id).await?)
}

/// Gives a passkey another name.
pub async fn rename(
    tx: &mut TenantTx,
    person_id: PersonId,
    id: PasskeyId,
    name: &str,
) -> Result<Passkey, IdentityError> {
    check_name(name)?;
    let before = find(tx, person_id, id).await?;
    store::passkeys::rename(tx, person_id, id, name).await?;
    let after = Passkey {
        name: name.to_owned(),
        ..before.clone()
    };
    tx.changed("identity", "passkey.changed", id, &before, &after);
    Ok(after)
}

/// Takes a passkey away, unless nothing else is left to sign in with.
pub async fn delete(tx: &mut TenantTx, person_id: PersonId, id: PasskeyId) -> Result<(), IdentityError> {
    store::people::lock(tx, person_id).await?;
    let passkey = find(tx, person_id, id).await?;
    store::passkeys::delete(tx, person_id, id).await?;
    if !store::identities::can_sign_in(tx, person_id).await? {
        return Err(IdentityError::LastWayIn);
    }
    let detail = json!({ "personId": person_id, "name": passkey.name });
    tx.happened("identity", "passkey.deleted", id, detail);
    removal::after_a_second_factor(tx, person_id).await
}

async fn find(tx: &mut TenantTx, person_id: PersonId, id: PasskeyId) -> Result<Passkey, IdentityError> {
    let known = store::passkeys::list(tx, person_id).await?;
    let found = known.into_iter().find(|passkey| passkey.id == id);
    found.ok_or_else(|| IdentityError::not_found("passkey", id))
}

fn check_name(name: &str) -> Result<(), IdentityError> {
    let mut checks = Checks::default();
    checks.name("/name", name);
    Ok(checks.done()?)
}
