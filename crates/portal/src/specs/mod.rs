//! API descriptions: what operators do with them. What comes of a document is [`crate::import`]'s.

pub mod revisions;
mod signature;
pub mod sync;

use chrono::Utc;
use gatewright_catalog::products;
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_egress::{EgressError, Policy, Target};
use gatewright_notify::destinations;
use gatewright_types::ids::{ApiSpecId, ProductId};
use gatewright_types::patch::present;
use gatewright_types::problem::FieldError;
use gatewright_types::slug::Slug;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::limits::{
    DOCUMENT_MAX_BYTES, SOURCE_URL_MAX_BYTES, SPECS_PER_TENANT_MAX, SYNC_MINUTES_MAX, SYNC_MINUTES_MIN,
};
use crate::model::{ApiSpec, Cause, SpecFormat, Visibility};
use crate::store::specs::Row;
use crate::{PortalError, store};

/// What a description is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiSpec {
    /// What it describes.
    pub product_id: ProductId,
    /// What it is written in.
    pub spec_format: SpecFormat,
    /// Where to fetch it from; either this or `document`.
    #[schema(max_length = 2048, example = "https://example.com/openapi.yaml")]
    pub source_url: Option<String>,
    /// The document itself, as text in JSON or YAML.
    pub document: Option<String>,
    /// Its part of an address; the product's when absent.
    pub slug: Option<Slug>,
    /// Who may read it; everybody when absent.
    pub visibility: Option<Visibility>,
    /// How often its source is looked at; null or absent: when somebody asks.
    #[schema(minimum = 5, maximum = 10080)]
    pub sync_minutes: Option<i32>,
}

/// What to change of a description; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApiSpecChange {
    /// Its part of an address. Links to the old one lead nowhere.
    pub slug: Option<Slug>,
    /// Who may read it.
    pub visibility: Option<Visibility>,
    /// Where to fetch it from; null: it is uploaded from now on. Nothing is fetched before somebody asks or it is due.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub source_url: Option<Option<String>>,
    /// How often its source is looked at; null: when somebody asks.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i32>, minimum = 5, maximum = 10080)]
    pub sync_minutes: Option<Option<i32>>,
}

/// Makes a description, whose first revision is imported by a job.
pub async fn create(tx: &mut TenantTx, policy: &Policy, new: NewApiSpec) -> Result<ApiSpec, PortalError> {
    let count = store::specs::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= SPECS_PER_TENANT_MAX {
        return Err(PortalError::LimitReached {
            max: SPECS_PER_TENANT_MAX,
            what: "API descriptions of a tenant",
        });
    }
    let product = match products::get(tx, new.product_id).await {
        Err(gatewright_catalog::CatalogError::NotFound { .. }) => {
            return Err(invalid("/productId", format!("there is no product {}", new.product_id)));
        }
        found => found?,
    };
    if new.source_url.is_some() == new.document.is_some() {
        return Err(invalid("/sourceUrl", "expected either this or `document`"));
    }
    let mut row = Row {
        id: ApiSpecId::mint(tx.clock(), tx.rng()),
        product_id: product.id,
        slug: new.slug.unwrap_or(product.slug),
        spec_format: new.spec_format,
        visibility: new.visibility.unwrap_or(Visibility::Public),
        source_url: new.source_url,
        sync_minutes: new.sync_minutes,
        revisions: 0,
        fetched_sha256: None,
        fetched_etag: None,
        fetched_last_modified: None,
        sync_requested_at: None,
        synced_at: None,
        sync_failed_at: None,
        sync_failures: 0,
        sync_error: None,
        next_sync_at: None,
        sync_secret: None,
        sync_secret_version: 0,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(&row, &destinations::policy(tx, policy).await?)?;
    row.next_sync_at = sync::next(&row, tx.now(), tx.rng());
    free_slug(&row.slug, store::specs::insert(tx, &row).await)?;
    let told = told(&row);
    tx.changed_telling("portal", "api_spec.created", row.id, told.clone(), &Value::Null, &told);
    let cause = if new.document.is_some() {
        Cause::Upload
    } else {
        Cause::Fetch
    };
    revisions::begin(tx, &mut row, cause, new.document.as_deref()).await?;
    shown(tx, row).await
}

/// One description.
pub async fn get(tx: &mut TenantTx, id: ApiSpecId) -> Result<ApiSpec, PortalError> {
    // The revisions first: whoever waits for one to end then sees what its end has changed.
    let revisions = store::revisions::of_specs(tx, &[id]).await?;
    let found = store::specs::find(tx, id).await?;
    let row = found.ok_or_else(|| PortalError::not_found("API description", id))?;
    Ok(join(row, &revisions))
}

/// The same, held until the end of the transaction.
pub async fn lock(tx: &mut TenantTx, id: ApiSpecId) -> Result<ApiSpec, PortalError> {
    let row = hold(tx, id).await?;
    shown(tx, row).await
}

/// A page of the tenant's descriptions.
pub async fn list(
    tx: &mut TenantTx,
    product_id: Option<ProductId>,
    request: PageRequest,
) -> Result<Page<ApiSpec>, PortalError> {
    let rows = store::specs::list(tx, product_id, request).await?;
    let page = Page::from_rows(rows, request);
    let ids: Vec<ApiSpecId> = page.items.iter().map(|row| row.id).collect();
    let revisions = store::revisions::of_specs(tx, &ids).await?;
    Ok(Page {
        items: page.items.into_iter().map(|row| join(row, &revisions)).collect(),
        more: page.more,
    })
}

/// Changes a description.
pub async fn change(
    tx: &mut TenantTx,
    policy: &Policy,
    id: ApiSpecId,
    change: ApiSpecChange,
) -> Result<ApiSpec, PortalError> {
    let mut row = hold(tx, id).await?;
    let before = told(&row);
    let source_before = row.source_url.clone();
    row.slug = change.slug.unwrap_or(row.slug);
    row.visibility = change.visibility.unwrap_or(row.visibility);
    row.source_url = change.source_url.unwrap_or(row.source_url);
    row.sync_minutes = change.sync_minutes.unwrap_or(row.sync_minutes);
    if row.source_url != source_before {
        (row.fetched_sha256, row.fetched_etag, row.fetched_last_modified) = (None, None, None);
        (row.synced_at, row.sync_failed_at, row.sync_failures, row.sync_error) = (None, None, 0, None);
    }
    row.updated_at = tx.now();
    check(&row, &destinations::policy(tx, policy).await?)?;
    row.next_sync_at = sync::next(&row, tx.now(), tx.rng());
    free_slug(&row.slug, store::specs::update(tx, &row).await)?;
    let after = told(&row);
    tx.changed_telling("portal", "api_spec.changed", id, after.clone(), &before, &after);
    shown(tx, row).await
}

/// Deletes a description with all its revisions; nobody reads it any more.
pub async fn delete(tx: &mut TenantTx, id: ApiSpecId) -> Result<(), PortalError> {
    let row = hold(tx, id).await?;
    store::specs::delete(tx, id).await?;
    tx.changed("portal", "api_spec.deleted", id, &told(&row), &Value::Null);
    Ok(())
}

pub(crate) async fn hold(tx: &mut TenantTx, id: ApiSpecId) -> Result<Row, PortalError> {
    let found = store::specs::hold(tx, id).await?;
    found.ok_or_else(|| PortalError::not_found("API description", id))
}

/// A description with its published and its newest revision.
pub(crate) async fn shown(tx: &mut TenantTx, row: Row) -> Result<ApiSpec, PortalError> {
    let revisions = store::revisions::of_specs(tx, &[row.id]).await?;
    Ok(join(row, &revisions))
}

fn join(row: Row, revisions: &[store::revisions::Row]) -> ApiSpec {
    let own = || {
        revisions
            .iter()
            .filter(|one| one.spec_id == row.id)
            .map(|one| &one.summary)
    };
    ApiSpec {
        published: own()
            .find(|one| one.state == crate::model::RevisionState::Published)
            .cloned(),
        latest: own().find(|one| one.number == row.revisions).cloned(),
        id: row.id,
        product_id: row.product_id,
        slug: row.slug,
        spec_format: row.spec_format,
        visibility: row.visibility,
        source_url: row.source_url,
        sync_minutes: row.sync_minutes,
        has_sync_secret: row.sync_secret.is_some(),
        synced_at: row.synced_at,
        sync_failed_at: row.sync_failed_at,
        sync_failures: row.sync_failures,
        sync_error: row.sync_error,
        next_sync_at: row.next_sync_at,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

pub(crate) fn invalid(field: &str, detail: impl Into<String>) -> PortalError {
    PortalError::Invalid(vec![FieldError::new(field, detail)])
}

fn free_slug(slug: &Slug, result: Result<(), sqlx::Error>) -> Result<(), PortalError> {
    match result {
        Err(error) if broken_unique(&error).is_some() => Err(PortalError::SlugTaken(slug.to_string())),
        result => Ok(result?),
    }
}

fn check(row: &Row, policy: &Policy) -> Result<(), PortalError> {
    let mut errors = Vec::new();
    if let Some(url) = &row.source_url
        && let Err(why) = judge(url, policy)
    {
        errors.push(FieldError::new("/sourceUrl", why.to_string()));
    }
    match row.sync_minutes {
        Some(_) if row.source_url.is_none() => {
            errors.push(FieldError::new("/syncMinutes", "there is no sourceUrl to look at"));
        }
        Some(minutes) if !(SYNC_MINUTES_MIN..=SYNC_MINUTES_MAX).contains(&minutes) => {
            let expected = format!("expected {SYNC_MINUTES_MIN} to {SYNC_MINUTES_MAX}");
            errors.push(FieldError::new("/syncMinutes", expected));
        }
        _ => {}
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(PortalError::Invalid(errors))
    }
}

/// What can be said of an address before its name is looked up.
fn judge(url: &str, policy: &Policy) -> Result<(), EgressError> {
    let target = Target::parse(url, SOURCE_URL_MAX_BYTES)?;
    policy.judge_name(&target).map_err(EgressError::Refused)?;
    if let Some(address) = target.address() {
        policy.judge(&target, address).map_err(EgressError::Refused)?;
    }
    Ok(())
}

pub(crate) fn check_document(document: &str) -> Result<(), PortalError> {
    if document.len() > DOCUMENT_MAX_BYTES {
        return Err(invalid(
            "/document",
            format!("expected at most {DOCUMENT_MAX_BYTES} bytes"),
        ));
    }
    if document.trim().is_empty() || document.contains('\0') {
        return Err(invalid("/document", "expected a document in JSON or YAML"));
    }
    Ok(())
}

/// What the audit log and other systems are told. An address' query may hold a token, so it stays here.
pub(crate) fn told(row: &Row) -> Value {
    let source = row.source_url.as_deref().map(without_query);
    json!({
        "productId": row.product_id,
        "slug": row.slug,
        "specFormat": row.spec_format,
        "visibility": row.visibility,
        "source": source,
        "syncMinutes": row.sync_minutes,
        "syncSecretVersion": row.sync_secret_version,
        "createdAt": row.created_at.with_timezone(&Utc),
    })
}

fn without_query(url: &str) -> String {
    match url.split_once('?') {
        Some((address, _)) => format!("{address}?…"),
        None => url.to_owned(),
    }
}
