//! Developers: people who work for a customer.
//!
//! Whoever came first is its OWNER. A customer that has developers always has an OWNER who may act, as long as nobody of
//! the tenant decides otherwise.

use gatewright_catalog::{CatalogError, customers};
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, DeveloperId, PersonId};
use serde_json::Value;

use crate::model::{Developer, DeveloperRole, DeveloperState};
use crate::{IdentityError, store};

/// Most developers of a customer.
pub const DEVELOPERS_PER_CUSTOMER_MAX: i64 = 500;

/// Makes a person a developer of a customer.
pub async fn join(
    tx: &mut TenantTx,
    person_id: PersonId,
    customer_id: CustomerId,
    role: DeveloperRole,
    state: DeveloperState,
) -> Result<Developer, IdentityError> {
    // Held, so that it is neither deleted meanwhile nor joined by too many at once.
    customers::lock(tx, customer_id).await?;
    if store::developers::count(tx, customer_id).await? >= DEVELOPERS_PER_CUSTOMER_MAX {
        return Err(IdentityError::LimitReached {
            max: usize::try_from(DEVELOPERS_PER_CUSTOMER_MAX).unwrap_or(usize::MAX),
            what: "developers of the customer",
        });
    }
    let id = DeveloperId::mint(tx.clock(), tx.rng());
    match store::developers::insert(tx, id, person_id, customer_id, role, state).await {
        Err(error) if broken_unique(&error).is_some() => return Err(IdentityError::AlreadyDeveloper),
        other => other?,
    }
    let developer = get(tx, id).await?;
    tx.created("identity", "developer.created", id, &developer);
    Ok(developer)
}

/// One developer.
pub async fn get(tx: &mut TenantTx, id: DeveloperId) -> Result<Developer, IdentityError> {
    store::developers::find(tx, id)
        .await?
        .ok_or_else(|| IdentityError::not_found("developer", id))
}

/// One developer of a customer.
pub async fn get_of(tx: &mut TenantTx, customer_id: CustomerId, id: DeveloperId) -> Result<Developer, IdentityError> {
    let developer = get(tx, id).await?;
    if developer.customer_id == customer_id {
        Ok(developer)
    } else {
        Err(IdentityError::not_found("developer", id))
    }
}

/// A page of developers, of one customer or of all, perhaps in one state only.
pub async fn list(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    state: Option<DeveloperState>,
    request: PageRequest,
) -> Result<Page<Developer>, IdentityError> {
    let rows = store::developers::list(tx, customer_id, state, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// Lets a developer in, suspends them, or lets them act again.
pub async fn set_state(tx: &mut TenantTx, id: DeveloperId, state: DeveloperState) -> Result<Developer, IdentityError> {
    let before = hold(tx, id).await?;
    if state == DeveloperState::Pending && before.state != state {
        let wrong = CatalogError::invalid("/state", "nobody goes back to PENDING: suspend them");
        return Err(wrong.into());
    }
    update(tx, &before, before.role, state).await
}

/// Gives a developer another role.
pub async fn set_role(tx: &mut TenantTx, id: DeveloperId, role: DeveloperRole) -> Result<Developer, IdentityError> {
    let before = hold(tx, id).await?;
    if role != DeveloperRole::Owner {
        require_other_owner(tx, &before).await?;
    }
    update(tx, &before, role, before.state).await
}

/// Removes a developer from their customer; the person stays. `by_tenant`: an operator decides, who may leave a customer
/// without owners.
pub async fn remove(tx: &mut TenantTx, id: DeveloperId, by_tenant: bool) -> Result<Developer, IdentityError> {
    let before = hold(tx, id).await?;
    if !by_tenant {
        require_other_owner(tx, &before).await?;
    }
    store::developers::delete(tx, id).await?;
    tx.changed("identity", "developer.deleted", id, &before, &Value::Null);
    Ok(before)
}

/// Removes every developer of a customer that is deleted, and withdraws its invitations; the people stay.
pub async fn remove_all(tx: &mut TenantTx, customer_id: CustomerId) -> Result<(), IdentityError> {
    for id in store::developers::delete_all(tx, customer_id).await? {
        tx.happened(
            "identity",
            "developer.deleted",
            id,
            serde_json::json!({ "customerId": customer_id }),
        );
    }
    for id in store::invitations::revoke_all(tx, customer_id).await? {
        tx.happened("identity", "invitation.withdrawn", id, serde_json::json!({}));
    }
    Ok(())
}

/// Whether a customer has developers beside this one.
pub async fn has_others(tx: &mut TenantTx, developer: &Developer) -> Result<bool, IdentityError> {
    Ok(store::developers::count(tx, developer.customer_id).await? > 1)
}

async fn hold(tx: &mut TenantTx, id: DeveloperId) -> Result<Developer, IdentityError> {
    let customer_id = get(tx, id).await?.customer_id;
    // Who is the last owner is decided one after the other.
    customers::lock(tx, customer_id).await?;
    get(tx, id).await
}

async fn require_other_owner(tx: &mut TenantTx, developer: &Developer) -> Result<(), IdentityError> {
    let is_owner = developer.role == DeveloperRole::Owner && developer.state == DeveloperState::Active;
    if !is_owner || store::developers::other_owner_exists(tx, developer.customer_id, developer.id).await? {
        Ok(())
    } else {
        Err(IdentityError::LastCustomerOwner)
    }
}

async fn update(
    tx: &mut TenantTx,
    before: &Developer,
    role: DeveloperRole,
    state: DeveloperState,
) -> Result<Developer, IdentityError> {
    store::developers::update(tx, before.id, role, state).await?;
    let after = get(tx, before.id).await?;
    tx.changed("identity", "developer.changed", before.id, before, &after);
    Ok(after)
}
