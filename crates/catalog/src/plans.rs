//! Plans and their versions.

use std::collections::HashSet;

use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{PlanId, ProductId};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::check::{Checks, slug_or_from_name};
use crate::model::{BillingPeriod, Plan, PlanKind, PlanTerms, Quota, RateLimit};
use crate::{CatalogError, products, store};

/// Most products of one plan.
pub const PLAN_PRODUCTS_MAX: usize = 100;
/// Most quotas, and most rate limits, of one plan.
pub const PLAN_LIMITS_MAX: usize = 50;
/// Longest trial, in days.
pub const TRIAL_DAYS_MAX: u16 = 365;
/// Most digits after the point of a price.
pub const PRICE_SCALE_MAX: u32 = 6;

/// What a plan is made from; everything from `price` on becomes version 1.
///
/// The terms are listed again, not flattened: serde ignores unknown fields of a flattened struct.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPlan {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its short name; made from the name when absent.
    pub slug: Option<Slug>,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: String,
    /// Whether developers may subscribe to it by themselves, in the portal.
    #[serde(default)]
    pub self_service: bool,
    /// Price of one period.
    pub price: Money,
    /// How often it is billed.
    pub billing_period: BillingPeriod,
    /// Days before the first payment; with any, a subscription begins TRIALING.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 365)]
    pub trial_days: u16,
    /// Allowances of a period. Kept with the version; not yet enforced by the gateway.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Limits of rate. Kept with the version; not yet enforced by the gateway.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// What may be called with it.
    pub product_ids: Vec<ProductId>,
}

/// Makes a plan.
pub async fn create(tx: &mut TenantTx, new: NewPlan) -> Result<Plan, CatalogError> {
    let mut checks = Checks::default();
    checks.name("/name", &new.name);
    checks.description("/description", &new.description);
    let terms = PlanTerms {
        price: new.price,
        billing_period: new.billing_period,
        trial_days: new.trial_days,
        quotas: new.quotas,
        rate_limits: new.rate_limits,
        product_ids: new.product_ids,
    };
    check_terms(&mut checks, &terms);
    checks.done()?;
    require_products(tx, &terms).await?;
    let slug = slug_or_from_name(new.slug, &new.name)?;
    let about = (new.name, new.description, new.self_service);
    insert(tx, PlanKind::Catalog, slug, about, terms).await
}

/// Makes the built-in plan of a native gateway: free, and of no product.
pub async fn create_built_in(tx: &mut TenantTx, name: &str, slug: Slug) -> Result<Plan, CatalogError> {
    let currency = "EUR"
        .parse()
        .map_err(|detail: String| CatalogError::invalid("/price", detail))?;
    let terms = PlanTerms {
        price: Money {
            amount: Decimal::ZERO,
            currency,
        },
        billing_period: BillingPeriod::Month,
        trial_days: 0,
        quotas: Vec::new(),
        rate_limits: Vec::new(),
        product_ids: Vec::new(),
    };
    insert(
        tx,
        PlanKind::Gateway,
        slug,
        (name.to_owned(), String::new(), false),
        terms,
    )
    .await
}

async fn insert(
    tx: &mut TenantTx,
    kind: PlanKind,
    slug: Slug,
    (name, description, self_service): (String, String, bool),
    terms: PlanTerms,
) -> Result<Plan, CatalogError> {
    let plan = Plan {
        id: PlanId::mint(tx.clock(), tx.rng()),
        name,
        slug,
        description,
        self_service,
        version: 1,
        terms,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    match store::plans::insert(tx, kind, &plan).await {
        Err(error) if broken_unique(&error).is_some() => {
            return Err(CatalogError::SlugTaken {
                kind: "plan",
                slug: plan.slug.to_string(),
            });
        }
        result => result?,
    }
    store::plans::insert_version(tx, &plan).await?;
    tx.created("catalog", "plan.created", plan.id, &plan);
    Ok(plan)
}

/// Gives a plan a new version; subscriptions that exist keep theirs.
pub async fn add_version(tx: &mut TenantTx, id: PlanId, terms: PlanTerms) -> Result<Plan, CatalogError> {
    let mut checks = Checks::default();
    check_terms(&mut checks, &terms);
    checks.done()?;
    require_products(tx, &terms).await?;
    let before = lock(tx, id).await?;
    let mut plan = before.clone();
    plan.version += 1;
    plan.terms = terms;
    plan.updated_at = tx.now();
    store::plans::insert_version(tx, &plan).await?;
    store::plans::set_current(tx, &plan).await?;
    tx.changed("catalog", "plan.version_added", id, &before, &plan);
    Ok(plan)
}

/// What to change of a plan beside its terms; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// What it is for.
    #[schema(max_length = 10000)]
    pub description: Option<String>,
    /// Whether developers may subscribe to it by themselves; who has, stays.
    pub self_service: Option<bool>,
}

/// Changes what a plan is called. Its terms never change: they get a new version.
pub async fn change(tx: &mut TenantTx, id: PlanId, change: PlanChange) -> Result<Plan, CatalogError> {
    let before = lock(tx, id).await?;
    let mut plan = before.clone();
    plan.name = change.name.unwrap_or(plan.name);
    plan.description = change.description.unwrap_or(plan.description);
    plan.self_service = change.self_service.unwrap_or(plan.self_service);
    plan.updated_at = tx.now();
    let mut checks = Checks::default();
    checks.name("/name", &plan.name);
    checks.description("/description", &plan.description);
    checks.done()?;
    store::plans::update(tx, &plan).await?;
    tx.changed("catalog", "plan.changed", id, &before, &plan);
    Ok(plan)
}

/// One plan, held until the end of the transaction: two who add a version at once get two numbers.
pub async fn lock(tx: &mut TenantTx, id: PlanId) -> Result<Plan, CatalogError> {
    store::plans::lock(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("plan", id))?;
    get(tx, id).await
}

/// One plan with its current version.
pub async fn get(tx: &mut TenantTx, id: PlanId) -> Result<Plan, CatalogError> {
    store::plans::find(tx, id)
        .await?
        .ok_or_else(|| CatalogError::not_found("plan", id))
}

/// These versions of these plans; what is not there is missing.
pub async fn versions(tx: &mut TenantTx, wanted: &[(PlanId, i32)]) -> Result<Vec<Plan>, CatalogError> {
    Ok(store::plans::versions(tx, wanted).await?)
}

/// A page of the plans that developers may subscribe to by themselves.
pub async fn list_self_service(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Plan>, CatalogError> {
    Ok(Page::from_rows(
        store::plans::list_self_service(tx, request).await?,
        request,
    ))
}

/// A page of plans with their current versions.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Plan>, CatalogError> {
    Ok(Page::from_rows(store::plans::list(tx, request).await?, request))
}

fn check_terms(checks: &mut Checks, terms: &PlanTerms) {
    check_limits(checks, terms.price, terms.trial_days, &terms.quotas, &terms.rate_limits);
    let distinct: HashSet<_> = terms.product_ids.iter().collect();
    checks.require(
        !terms.product_ids.is_empty()
            && terms.product_ids.len() <= PLAN_PRODUCTS_MAX
            && distinct.len() == terms.product_ids.len(),
        "/productIds",
        format!("expected 1 to {PLAN_PRODUCTS_MAX} different products"),
    );
}

/// Notes what is wrong with terms, apart from the products they name.
pub fn check_limits(checks: &mut Checks, price: Money, trial_days: u16, quotas: &[Quota], rate_limits: &[RateLimit]) {
    let amount = price.amount;
    checks.require(
        !amount.is_sign_negative() && amount.scale() <= PRICE_SCALE_MAX && amount < Decimal::from(1_000_000_000),
        "/price/amount",
        format!("expected an amount of at least 0 and under a billion, with at most {PRICE_SCALE_MAX} decimals"),
    );
    checks.require(
        trial_days <= TRIAL_DAYS_MAX,
        "/trialDays",
        format!("expected 0 to {TRIAL_DAYS_MAX}"),
    );
    checks.require(
        quotas.len() <= PLAN_LIMITS_MAX,
        "/quotas",
        format!("expected at most {PLAN_LIMITS_MAX}"),
    );
    for (at, quota) in quotas.iter().enumerate() {
        let word = !quota.meter.is_empty()
            && quota.meter.len() <= 64
            && quota
                .meter
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        checks.require(
            word,
            &format!("/quotas/{at}/meter"),
            "expected 1 to 64 characters of a-z, 0-9 and _",
        );
    }
    checks.require(
        rate_limits.len() <= PLAN_LIMITS_MAX,
        "/rateLimits",
        format!("expected at most {PLAN_LIMITS_MAX}"),
    );
    for (at, limit) in rate_limits.iter().enumerate() {
        let right = limit.requests > 0 && (1..=86_400).contains(&limit.window_seconds);
        checks.require(
            right,
            &format!("/rateLimits/{at}"),
            "expected at least 1 request in 1 to 86400 seconds",
        );
    }
}

async fn require_products(tx: &mut TenantTx, terms: &PlanTerms) -> Result<(), CatalogError> {
    match products::first_missing(tx, &terms.product_ids).await? {
        None => Ok(()),
        Some(id) => Err(CatalogError::invalid(
            "/productIds",
            format!("there is no product {id}"),
        )),
    }
}
