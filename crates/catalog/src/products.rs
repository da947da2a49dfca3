//! Products.

use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{CustomerId, ProductId};
use gatewright_types::slug::Slug;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::check::{Checks, slug_or_from_name};
use crate::model::{Contract, ContractFormat, Product, ProductKind};
use crate::{CatalogError, store};

/// Longest contract, in bytes.
pub const CONTRACT_MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a product is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProduct {
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its short name; made from the name when absent.
    pub slug: Option<Slug>,
    /// What it does.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: String,
    /// Whether its keys are given to connected gateways.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub orchestrated: bool,
}

const fn yes() -> bool {
    true
}

/// What to change of a product; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// What it does.
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// Whether its keys are given to connected gateways. Switched off, what stood for it there is taken away.
    pub orchestrated: Option<bool>,
}

/// Makes a product.
pub async fn create(tx: &mut TenantTx, new: NewProduct) -> Result<Product, CatalogError> {
    let mut checks = Checks::default();
    checks.name("/name", &new.name);
    checks.description("/description", &new.description);
    checks.done()?;
    let product = Product {
        id: ProductId::mint(tx.clock(), tx.rng()),
        kind: new.kind,
        slug: slug_or_from_name(new.slug, &new.name)?,
        name: new.name,
        description: new.description,
        orchestrated: new.orchestrated,
        contract_format: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    match store::products::insert(tx, &product).await {
        Err(error) if broken_unique(&error).is_some() => {
            return Err(CatalogError::SlugTaken {
                kind: "product",
                slug: product.slug.to_string(),
            });
        }
        result => result?,
    }
    tx.created("catalog", "product.created", product.id, &product);
    Ok(product)
}

/// One product.
pub async fn get(tx: &mut TenantTx, id: ProductId) -> Result<Product, CatalogError> {
    store::products::find(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("product", id))
}

/// A page of the products that everybody may see, because one can subscribe to them by oneself, and of those that this
/// customer has.
pub async fn list_for_customer(
    tx: &mut TenantTx,
    customer_id: Option<CustomerId>,
    request: PageRequest,
) -> Result<Page<Product>, CatalogError> {
    let rows = store::products::list_for_customer(tx, customer_id, request).await?;
    Ok(Page::from_rows(rows, request))
}

/// A page of products.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Product>, CatalogError> {
    Ok(Page::from_rows(store::products::list(tx, request).await?, request))
}

/// One product, held until the end of the transaction, so that two changes come one after the other.
pub async fn lock(tx: &mut TenantTx, id: ProductId) -> Result<Product, CatalogError> {
    store::products::lock(tx, id).await?;
    get(tx, id).await
}

/// Changes a product.
pub async fn change(tx: &mut TenantTx, id: ProductId, change: ProductChange) -> Result<Product, CatalogError> {
    let before = lock(tx, id).await?;
    let mut product = before.clone();
    product.name = change.name.unwrap_or(product.name);
    product.description = change.description.unwrap_or(product.description);
    product.orchestrated = change.orchestrated.unwrap_or(product.orchestrated);
    product.updated_at = tx.now();
    let mut checks = Checks::default();
    checks.name("/name", &product.name);
    checks.description("/description", &product.description);
    checks.done()?;
    store::products::update(tx, &product).await?;
    tx.changed("catalog", "product.changed", id, &before, &product);
    Ok(product)
}

/// Puts a contract in the place of the one that is there, if any.
pub async fn put_contract(tx: &mut TenantTx, id: ProductId, contract: &Contract) -> Result<Product, CatalogError> {
    check_contract(contract)?;
    let mut product = lock(tx, id).await?;
    let before = store::products::contract(tx, id).await?;
    product.contract_format = Some(contract.format);
    product.updated_at = tx.now();
    store::products::put_contract(tx, id, contract).await?;
    let detail = json!({ "format": contract.format, "bytes": contract.document.len() });
    let (before, after) = (before.as_ref().map(fingerprint), fingerprint(contract));
    tx.changed_telling("catalog", "product.contract_changed", id, detail, &before, &after);
    Ok(product)
}

/// What the audit log keeps of a contract: enough to tell one from another, and to recognize it.
fn fingerprint(contract: &Contract) -> Value {
    let document = contract.document.as_bytes();
    let sha256: String = Sha256::digest(document)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({ "format": contract.format, "bytes": document.len(), "sha256": sha256 })
}

/// A product's contract.
pub async fn contract(tx: &mut TenantTx, id: ProductId) -> Result<Contract, CatalogError> {
    get(tx, id).await?;
    store::products::contract(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("contract of product", id))
}

/// What a document begins with, or has somewhere.
#[derive(Deserialize)]
struct Head {
    #[serde(default, deserialize_with = "text")]
    openapi: String,
}

/// A text; empty for anything else.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Value::deserialize(deserializer)?
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// Refuses what is plainly no document of its format; reading all of it comes when it is published.
pub fn check_contract(contract: &Contract) -> Result<(), CatalogError> {
    let mut checks = Checks::default();
    let document = &contract.document;
    checks.require(
        document.len() <= CONTRACT_MAX_BYTES,
        "/document",
        format!("expected at most {CONTRACT_MAX_BYTES} bytes"),
    );
    checks.require(
        !document.trim().is_empty() && !document.contains('\0'),
        "/document",
        "expected a document",
    );
    checks.done()?;
    if contract.format == ContractFormat::OpenApi {
        // The rest is read over and not kept: a document may be long.
        let version = match serde_json::from_str::<Head>(document) {
            Ok(head) => head.openapi,
            Err(error) => return Err(CatalogError::invalid("/document", format!("no JSON: {error}"))),
        };
        if !version.starts_with("3.0.") && !version.starts_with("3.1.") {
            return Err(CatalogError::invalid(
                "/document",
                "expected a document whose `openapi` is 3.0.x or 3.1.x",
            ));
        }
    }
    Ok(())
}

/// The first of `ids` that is no product of the tenant.
pub async fn first_missing(tx: &mut TenantTx, ids: &[ProductId]) -> Result<Option<ProductId>, CatalogError> {
    let found = store::products::existing(tx, ids).await?;
    Ok(ids.iter().copied().find(|id| !found.contains(id)))
}
