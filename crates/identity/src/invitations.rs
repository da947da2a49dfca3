//! Invitations: somebody is to be an operator of the tenant, or a developer of a customer.
//!
//! The mail that carries one proves the address, so accepting makes a person who can sign in. Where there is an account
//! already, it gets what it was invited to, and nobody is signed in by a mail alone.

use chrono::TimeDelta;
use gatewright_catalog::customers;
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::CredentialHash;
use gatewright_types::ids::{CustomerId, InvitationId, OperatorId, PersonId};
use gatewright_vault::{MAIL_TOKEN_PREFIX, mint_person_token};
use secrecy::SecretString;

use crate::model::{DeveloperRole, DeveloperState, Granter, Invitation, InvitationKind};
use crate::operators::require_all_of;
use crate::people::{self, NewPerson};
use crate::second_factors::passkeys::{self, First};
use crate::{IdentityError, developers, operators, store};

/// How long one leads somewhere.
pub const INVITATION_LIFE: TimeDelta = TimeDelta::days(7);
/// Most invitations of a customer that wait.
pub const INVITATIONS_PER_CUSTOMER_MAX: i64 = 100;

/// Invites whoever an operator was made for; the caller has a mail written.
pub async fn invite_operator(
    tx: &mut TenantTx,
    by: Granter,
    operator_id: OperatorId,
    invited_by: &str,
) -> Result<Invitation, IdentityError> {
    let operator = operators::get(tx, operator_id).await?;
    require_all_of(operator.role, by)?;
    let email = operator.email.ok_or(IdentityError::NoAddress)?;
    if store::operators::has_person(tx, operator_id).await? {
        return Err(IdentityError::AlreadyOperator);
    }
    let invitation = Invitation {
        id: InvitationId::mint(tx.clock(), tx.rng()),
        email,
        kind: InvitationKind::Operator,
        role: operator.role.to_string(),
        customer_id: None,
        operator_id: Some(operator_id),
        invited_by: invited_by.to_owned(),
        created_at: tx.now(),
        expires_at: tx.now() + INVITATION_LIFE,
        accepted_at: None,
        revoked_at: None,
    };
    insert(tx, invitation).await
}

/// Invites somebody to be a developer of a customer; the caller has a mail written.
pub async fn invite_developer(
    tx: &mut TenantTx,
    customer_id: CustomerId,
    (email, role): (&str, DeveloperRole),
    invited_by: &str,
) -> Result<Invitation, IdentityError> {
    people::check(email, "-")?;
    customers::lock(tx, customer_id).await?;
    if store::invitations::count_open(tx, customer_id).await? >= INVITATIONS_PER_CUSTOMER_MAX {
        return Err(IdentityError::LimitReached {
            max: usize::try_from(INVITATIONS_PER_CUSTOMER_MAX).unwrap_or(usize::MAX),
            what: "open invitations of the customer",
        });
    }
    let invitation = Invitation {
        id: InvitationId::mint(tx.clock(), tx.rng()),
        email: email.to_owned(),
        kind: InvitationKind::Developer,
        role: role.to_string(),
        customer_id: Some(customer_id),
        operator_id: None,
        invited_by: invited_by.to_owned(),
        created_at: tx.now(),
        expires_at: tx.now() + INVITATION_LIFE,
        accepted_at: None,
        revoked_at: None,
    };
    insert(tx, invitation).await
}

async fn insert(tx: &mut TenantTx, invitation: Invitation) -> Result<Invitation, IdentityError> {
    // A newer one to the same address for the same takes the place of what waits.
    let scope = (invitation.kind, invitation.email.as_str(), invitation.customer_id);
    for id in store::invitations::revoke_same(tx, scope).await? {
        tx.happened(
            "identity",
            "invitation.withdrawn",
            id,
            serde_json::json!({ "replacedBy": invitation.id }),
        );
    }
    match store::invitations::insert(tx, &invitation).await {
        // Another customer has invited the same address, and who is invited where is nobody else's business.
        Err(error) if broken_unique(&error).is_some() => return Err(IdentityError::CannotInvite),
        other => other?,
    }
    tx.created("identity", "invitation.created", invitation.id, &invitation);
    Ok(invitation)
}

/// A page of invitations, of one customer, or those of operators.
pub async fn list(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    request: PageRequest,
) -> Result<Page<Invitation>, IdentityError> {
    let rows = store::invitations::list(tx, customer_id, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// Withdraws an invitation that waits: of a customer, or of an operator.
pub async fn withdraw(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    id: InvitationId,
) -> Result<(), IdentityError> {
    let missing = || IdentityError::not_found("invitation", id);
    let before = store::invitations::open(tx, id).await?.ok_or_else(missing)?;
    if !store::invitations::revoke(tx, customer_id, id).await? {
        return Err(missing());
    }
    tx.changed(
        "identity",
        "invitation.withdrawn",
        id,
        &before,
        &serde_json::Value::Null,
    );
    Ok(())
}

/// What the mail of an invitation carries, made when it is written; nothing where nobody waits any more.
pub async fn letter(tx: &mut TenantTx, id: InvitationId) -> Result<Option<(Invitation, SecretString)>, IdentityError> {
    let Some(invitation) = store::invitations::open(tx, id).await? else {
        return Ok(None);
    };
    let minted = mint_person_token(MAIL_TOKEN_PREFIX, tx.rng());
    store::invitations::set_token(tx, id, &minted.hash).await?;
    Ok(Some((invitation, minted.secret)))
}

/// The invitation that a mail carries, and whether its address has an account.
pub async fn look_up(tx: &mut TenantTx, token: &str) -> Result<(Invitation, bool), IdentityError> {
    let hash = CredentialHash::of(token.as_bytes());
    let found = store::invitations::find(tx, &hash).await?;
    let invitation = found.ok_or(IdentityError::CodeInvalid)?;
    let known = store::people::secret_by_email(tx, &invitation.email).await?;
    Ok((invitation, known.is_some()))
}

/// Somebody who accepted.
pub struct Accepted {
    /// Who.
    pub person_id: PersonId,
    /// Whether they were made now, and may be let in; else they sign in.
    pub is_new: bool,
    /// The first ones of somebody who came with a passkey.
    pub recovery_codes: Option<Vec<SecretString>>,
}

/// What somebody who is new signs in with.
#[derive(Default)]
pub struct NewAccess {
    /// Argon2id of a password.
    pub password_hash: Option<String>,
    /// A passkey.
    pub passkey: Option<First>,
}

/// Accepts an invitation: makes the person, or gives the account that is there what it was invited to.
pub async fn accept(tx: &mut TenantTx, token: &str, name: &str, access: NewAccess) -> Result<Accepted, IdentityError> {
    let hash = CredentialHash::of(token.as_bytes());
    let invitation = store::invitations::take(tx, &hash)
        .await?
        .ok_or(IdentityError::CodeInvalid)?;
    let known = store::people::secret_by_email(tx, &invitation.email).await?;
    // An account that only an identity provider says has this address may be anybody's.
    if known.as_ref().is_some_and(|known| !known.email_proven) {
        return Err(IdentityError::AddressNotProven);
    }
    let is_new = known.is_none();
    let (person_id, recovery_codes) = match known {
        Some(known) => (known.id, None),
        None => make(tx, &invitation.email, name, access).await?,
    };
    match (invitation.operator_id, invitation.customer_id) {
        (Some(operator_id), _) => {
            operators::set_person(tx, operator_id, person_id).await?;
        }
        (None, Some(customer_id)) => {
            let role: DeveloperRole = invitation.role.parse().unwrap_or(DeveloperRole::Member);
            developers::join(tx, person_id, customer_id, role, DeveloperState::Active).await?;
        }
        (None, None) => return Err(IdentityError::CodeInvalid),
    }
    tx.happened(
        "identity",
        "invitation.accepted",
        invitation.id,
        serde_json::json!({ "personId": person_id }),
    );
    Ok(Accepted {
        person_id,
        is_new,
        recovery_codes,
    })
}

/// Makes the person, as whoever their passkey was made for; with recovery codes, if there is a passkey.
async fn make(
    tx: &mut TenantTx,
    email: &str,
    name: &str,
    access: NewAccess,
) -> Result<(PersonId, Option<Vec<SecretString>>), IdentityError> {
    let new = NewPerson {
        email: email.to_owned(),
        email_proven: true,
        name: name.to_owned(),
        password_hash: access.password_hash,
    };
    let Some(first) = access.passkey else {
        return Ok((people::create(tx, new).await?.id, None));
    };
    let person_id = people::create_as(tx, first.person_id, new).await?.id;
    let added = passkeys::add_first(tx, first).await?;
    Ok((person_id, added.recovery_codes))
}
