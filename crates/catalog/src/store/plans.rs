use chrono::{DateTime, Utc};
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{PlanId, ProductId};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use rust_decimal::Decimal;
use sqlx::types::Json;
use uuid::Uuid;

use crate::model::{BillingPeriod, Plan, PlanKind, PlanTerms, Quota, RateLimit};

pub(crate) async fn insert(tx: &mut TenantTx, kind: PlanKind, plan: &Plan) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO plans (tenant_id, id, kind, name, slug, description, current_version, created_at, updated_at, self_service)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
        tx.tenant_id().uuid(),
        plan.id.uuid(),
        kind.as_str(),
        plan.name,
        plan.slug.as_str(),
        plan.description,
        plan.version,
        plan.created_at,
        plan.self_service,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn insert_version(tx: &mut TenantTx, plan: &Plan) -> Result<(), sqlx::Error> {
    let terms = &plan.terms;
    let products: Vec<Uuid> = terms.product_ids.iter().map(|id| id.uuid()).collect();
    sqlx::query!(
        "WITH version AS (
           INSERT INTO plan_versions (tenant_id, plan_id, version, price_amount, price_currency, billing_period, trial_days, quotas, rate_limits, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         )
         INSERT INTO plan_version_products (tenant_id, plan_id, version, product_id)
         SELECT $1, $2, $3, product_id FROM UNNEST($11::uuid[]) AS product_id",
        tx.tenant_id().uuid(),
        plan.id.uuid(),
        plan.version,
        terms.price.amount,
        terms.price.currency.as_str(),
        terms.billing_period.as_str(),
        i32::from(terms.trial_days),
        Json(&terms.quotas) as _,
        Json(&terms.rate_limits) as _,
        tx.now(),
        &products,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Holds a plan of the catalog until the end of the transaction.
pub(crate) async fn lock(tx: &mut TenantTx, id: PlanId) -> Result<Option<i32>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT current_version FROM plans WHERE tenant_id = $1 AND id = $2 AND kind = 'CATALOG' FOR UPDATE",
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_optional(&mut **tx)
    .await
}

pub(crate) async fn set_current(tx: &mut TenantTx, plan: &Plan) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE plans SET current_version = $3, updated_at = $4 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        plan.id.uuid(),
        plan.version,
        plan.updated_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn update(tx: &mut TenantTx, plan: &Plan) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE plans SET name = $3, description = $4, updated_at = $5, self_service = $6 WHERE tenant_id = $1 AND id = $2",
        tx.tenant_id().uuid(),
        plan.id.uuid(),
        plan.name,
        plan.description,
        plan.updated_at,
        plan.self_service,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct Row {
    id: PlanId,
    name: String,
    slug: Slug,
    description: String,
    self_service: bool,
    version: i32,
    price_amount: Decimal,
    price_currency: String,
    billing_period: BillingPeriod,
    trial_days: i32,
    quotas: Json<Vec<Quota>>,
    rate_limits: Json<Vec<RateLimit>>,
    product_ids: Vec<ProductId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<Row> for Plan {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let currency = row
            .price_currency
            .parse()
            .map_err(|detail: String| sqlx::Error::Decode(detail.into()))?;
        Ok(Self {
            id: row.id,
            name: row.name,
            slug: row.slug,
            description: row.description,
            self_service: row.self_service,
            version: row.version,
            terms: PlanTerms {
                price: Money {
                    amount: row.price_amount,
                    currency,
                },
                billing_period: row.billing_period,
                trial_days: u16::try_from(row.trial_days).unwrap_or_default(),
                quotas: row.quotas.0,
                rate_limits: row.rate_limits.0,
                product_ids: row.product_ids,
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

pub(crate) async fn find(tx: &mut TenantTx, id: PlanId) -> Result<Option<Plan>, sqlx::Error> {
    let rows = select(tx, Some(id.uuid()), (None, false), 1).await?;
    rows.into_iter().next().map(Plan::try_from).transpose()
}

pub(crate) async fn list(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Plan>, sqlx::Error> {
    select(tx, None, (page.after, false), page.probe())
        .await?
        .into_iter()
        .map(Plan::try_from)
        .collect()
}

pub(crate) async fn list_self_service(tx: &mut TenantTx, page: PageRequest) -> Result<Vec<Plan>, sqlx::Error> {
    select(tx, None, (page.after, true), page.probe())
        .await?
        .into_iter()
        .map(Plan::try_from)
        .collect()
}

async fn select(
    tx: &mut TenantTx,
    id: Option<Uuid>,
    (after, self_service): (Option<Uuid>, bool),
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"SELECT p.id AS "id: _", p.name, p.slug AS "slug: _", p.description, p.self_service, v.version, v.price_amount, v.price_currency,
             v.billing_period AS "billing_period: _", v.trial_days, v.quotas AS "quotas: _", v.rate_limits AS "rate_limits: _",
             ARRAY(SELECT product_id FROM plan_version_products AS c
                   WHERE c.tenant_id = v.tenant_id AND c.plan_id = v.plan_id AND c.version = v.version
                   ORDER BY product_id) AS "product_ids!: _",
             p.created_at, p.updated_at
           FROM plans AS p
           JOIN plan_versions AS v ON v.tenant_id = p.tenant_id AND v.plan_id = p.id AND v.version = p.current_version
           WHERE p.tenant_id = $1 AND p.kind = 'CATALOG' AND ($2::uuid IS NULL OR p.id = $2) AND ($3::uuid IS NULL OR p.id < $3)
             AND (p.self_service OR NOT $5)
           ORDER BY p.id DESC LIMIT $4"#,
        tx.tenant_id().uuid(),
        id,
        after,
        limit,
        self_service,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Plans as these versions of them say.
pub(crate) async fn versions(tx: &mut TenantTx, wanted: &[(PlanId, i32)]) -> Result<Vec<Plan>, sqlx::Error> {
    let (ids, versions): (Vec<Uuid>, Vec<i32>) = wanted.iter().map(|(id, version)| (id.uuid(), *version)).unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT p.id AS "id: _", p.name, p.slug AS "slug: _", p.description, p.self_service, v.version, v.price_amount, v.price_currency,
             v.billing_period AS "billing_period: _", v.trial_days, v.quotas AS "quotas: _", v.rate_limits AS "rate_limits: _",
             ARRAY(SELECT product_id FROM plan_version_products AS c
                   WHERE c.tenant_id = v.tenant_id AND c.plan_id = v.plan_id AND c.version = v.version
                   ORDER BY product_id) AS "product_ids!: _",
             p.created_at, p.updated_at
           FROM UNNEST($2::uuid[], $3::int[]) AS w (plan_id, version)
           JOIN plans AS p ON p.tenant_id = $1 AND p.id = w.plan_id
           JOIN plan_versions AS v ON v.tenant_id = $1 AND v.plan_id = w.plan_id AND v.version = w.version"#,
        tx.tenant_id().uuid(),
        &ids,
        &versions,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Plan::try_from).collect()
}
