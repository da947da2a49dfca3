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

fn check(customer: &Customer) -> Result<(), CatalogError> {
    let mut checks = Checks::default();
    checks.name("/name", &customer.name);
    if let Some(email) = &customer.email {
        checks.email("/email", email);
    }
    checks.done()
}
