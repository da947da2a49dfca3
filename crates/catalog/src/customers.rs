//! Customers.

use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::CustomerId;
use gatewright_types::patch::present;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::check::Checks;
use crate::model::{Customer, CustomerKind};
use crate::{CatalogError, store};

/// What a customer is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCustomer {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Where to write to.
    #[schema(max_length = 254, example = "ada@example.com")]
    pub email: Option<String>,
}

/// What to change of a customer; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomerChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Where to write to; null for nowhere.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 254)]
    pub email: Option<Option<String>>,
}

/// Longest reason of a suspension, in characters.
pub const REASON_MAX_CHARS: usize = 1000;

/// Makes a customer.
pub async fn create(tx: &mut TenantTx, new: NewCustomer) -> Result<Customer, CatalogError> {
    create_of_kind(tx, CustomerKind::Organization, new).await
}

/// Makes the customer behind an API consumer.
pub async fn create_of_kind(tx: &mut TenantTx, kind: CustomerKind, new: NewCustomer) -> Result<Customer, CatalogError> {
    let customer = Customer {
        id: CustomerId::mint(tx.clock(), tx.rng()),
        name: new.name,
        email: new.email,
        suspended_at: None,
        suspension_reason: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(&customer)?;
    store::customers::insert(tx, kind, &customer).await?;
    let detail = json!({ "kind": kind, "name": customer.name });
    tx.changed_telling(
        "catalog",
        "customer.created",
        customer.id,
        detail,
        &Value::Null,
        &customer,
    );
    Ok(customer)
}

/// One customer.
pub async fn get(tx: &mut TenantTx, id: CustomerId) -> Result<Customer, CatalogError> {
    store::customers::find(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("customer", id))
}

/// A page of customers.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Customer>, CatalogError> {
    Ok(Page::from_rows(store::customers::list(tx, request).await?, request))
}

/// One customer, held until the end of the transaction, so that two changes come one after the other.
pub async fn lock(tx: &mut TenantTx, id: CustomerId) -> Result<Customer, CatalogError> {
    store::customers::lock(tx, id).await?;
    get(tx, id).await
}

/// Changes a customer.
pub async fn change(tx: &mut TenantTx, id: CustomerId, change: CustomerChange) -> Result<Customer, CatalogError> {
    let before = lock(tx, id).await?;
    let mut customer = before.clone();
    customer.name = change.name.unwrap_or(customer.name);
    customer.email = change.email.unwrap_or(customer.email);
    customer.updated_at = tx.now();
    check(&customer)?;
    store::customers::update(tx, &customer).await?;
    let detail = json!({ "name": customer.name });
    tx.changed_telling("catalog", "customer.changed", id, detail, &before, &customer);
    Ok(customer)
}

/// Suspends a customer as a whole: from now on nothing of it becomes usable. What is usable, the caller suspends.
///
/// One that is suspended already stays so, for its first reason.
pub async fn suspend(tx: &mut TenantTx, id: CustomerId, reason: &str) -> Result<Customer, CatalogError> {
    let mut checks = Checks::default();
    let length = reason.trim().chars().count();
    checks.require(
        (1..=REASON_MAX_CHARS).contains(&length) && !reason.contains('\0'),
        "/reason",
        format!("expected 1 to {REASON_MAX_CHARS} characters"),
    );
    checks.done()?;
    let before = lock(tx, id).await?;
    if before.suspended_at.is_some() {
        return Ok(before);
    }
    let customer = Customer {
        suspended_at: Some(tx.now()),
        suspension_reason: Some(reason.trim().to_owned()),
        updated_at: tx.now(),
        ..before.clone()
    };
    store::customers::update(tx, &customer).await?;
    let detail = json!({ "reason": customer.suspension_reason });
    tx.changed_telling("catalog", "customer.suspended", id, detail, &before, &customer);
    Ok(customer)
}

/// Ends a customer's suspension; the caller brings back what was suspended with it.
pub async fn lift(tx: &mut TenantTx, id: CustomerId) -> Result<Customer, CatalogError> {
    let before = lock(tx, id).await?;
    if before.suspended_at.is_none() {
        return Err(CatalogError::CustomerNotSuspended(id));
    }
    let customer = Customer {
        suspended_at: None,
        suspension_reason: None,
        updated_at: tx.now(),
        ..before.clone()
    };
    store::customers::update(tx, &customer).await?;
    let detail = json!({ "reason": before.suspension_reason });
    tx.changed_telling("catalog", "customer.reactivated", id, detail, &before, &customer);
    Ok(customer)
}

/// Takes a customer that the caller holds out of every list; its subscriptions have ended. What was billed and audited
/// still names it.
pub async fn delete(tx: &mut TenantTx, customer: &Customer) -> Result<(), CatalogError> {
    store::customers::delete(tx, customer.id).await?;
    let detail = json!({ "name": customer.name });
    tx.changed_telling(
        "catalog",
        "customer.deleted",
        customer.id,
        detail,
        customer,
        &Value::Null,
    );
    Ok(())
}

fn check(customer: &Customer) -> Result<(), CatalogError> {
    let mut checks = Checks::default();
    checks.name("/name", &customer.name);
    if let Some(email) = &customer.email {
        checks.email("/email", email);
    }
    checks.done()
}
