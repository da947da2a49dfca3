//! Tenants: made by whoever runs the installation.

use gatewright_database::SystemTx;
use gatewright_database::TenantTx;
use gatewright_database::error::broken_unique;
use gatewright_types::ids::TenantId;
use gatewright_types::slug::Slug;
use gatewright_types::{Clock, Rng};

use crate::check::Checks;
use crate::model::Tenant;
use crate::{CatalogError, store};

/// Makes a tenant.
pub async fn create(
    tx: &mut SystemTx,
    clock: &Clock,
    rng: &Rng,
    name: &str,
    slug: Slug,
) -> Result<Tenant, CatalogError> {
    let mut checks = Checks::default();
    checks.name("/name", name);
    checks.done()?;
    let tenant = Tenant {
        id: TenantId::mint(clock, rng),
        name: name.to_owned(),
        slug,
        created_at: clock.now(),
    };
    match store::tenants::insert(tx, &tenant).await {
        Err(error) if broken_unique(&error).is_some() => Err(CatalogError::SlugTaken {
            kind: "tenant",
            slug: tenant.slug.to_string(),
        }),
        result => Ok(result.map(|()| tenant)?),
    }
}

/// The tenant with this slug, if there is one.
pub async fn find_by_slug(tx: &mut SystemTx, slug: &Slug) -> Result<Option<Tenant>, CatalogError> {
    Ok(store::tenants::find_by_slug(tx, slug).await?)
}

/// The first tenant that was made, if there is one.
pub async fn oldest(tx: &mut SystemTx) -> Result<Option<Tenant>, CatalogError> {
    Ok(store::tenants::oldest(tx).await?)
}

/// Every tenant, newest first.
pub async fn list(
    tx: &mut SystemTx,
    request: gatewright_database::PageRequest,
) -> Result<gatewright_database::Page<Tenant>, CatalogError> {
    let rows = store::tenants::list(tx, request).await?;
    Ok(gatewright_database::Page::from_rows(rows, request))
}

/// The caller's own tenant.
pub async fn own(tx: &mut TenantTx) -> Result<Tenant, CatalogError> {
    let id = tx.tenant_id();
    store::tenants::find(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("tenant", id))
}
